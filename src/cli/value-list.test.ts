import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { UsageError } from '../errors.ts';
import { cifar10 } from '../testing/in-process.ts';
import { takesList, writtenName } from './flag.ts';
import { flagTable, type SweepFlags } from './flag-table.ts';
import { parseCommandLine } from './parse.ts';

function sweepFlags(line: string): SweepFlags {
  const request = parseCommandLine(['sweep', ...line.split(' ')]);
  assert.ok(request.command === 'sweep');
  return request.flags;
}

describe('lists of values', () => {
  for (const [text, expected] of [
    ['0.1', [0.1]],
    ['0.05,0.1,0.2', [0.05, 0.1, 0.2]],
    ['1e-3,.5', [0.001, 0.5]],
    ['0.1..0.3:0.1', [0.1, 0.2, 0.3]],
    ['0.1..0.35:0.1', [0.1, 0.2, 0.3]],
    ['0..2,0.5', [0, 1, 2, 0.5]],
  ] as const)
    test(`${text} is ${expected.join(' and ')}`, () => {
      assert.deepEqual(sweepFlags(`--learning-rate ${text}`).learningRate, expected);
    });

  test('of whole numbers and of words are checked like single values', () => {
    assert.deepEqual(sweepFlags('--seed 0..2').seed, [0, 1, 2]);
    assert.deepEqual(sweepFlags('--batch-size=32,64').batchSize, [32, 64]);
    assert.deepEqual(sweepFlags('--optimizer sgd,adam').optimizer, ['sgd', 'adam']);
  });

  test('of networks keep the numbers of each', () => {
    const { network } = sweepFlags('--network tutorial:local3=10,local4=20,tutorial,tutorial:local3=5');
    assert.deepEqual(network, ['tutorial:local3=10,local4=20', 'tutorial', 'tutorial:local3=5']);
  });

  test('a flag that is left out has a list of its default', () => {
    assert.deepEqual(sweepFlags('--seed 1').optimizer, ['sgd']);
  });

  for (const [line, message] of [
    ['--learning-rat 0.1,0.2', /unknown flag --learning-rat\. Did you mean --learning-rate\?/],
    ['--optimizer sgd,adm', /found "adm"\. Did you mean adam\?/],
    ['--momentum 0.5,1.5', /--momentum: expected a number from 0 to 0\.999999, found "1\.5"/],
    ['--seed 0,,1', /--seed: expected a whole number of at least 0, found nothing/],
    ['--seed 0,1,0', /--seed: 0 is given twice/],
    ['--seed 2..0', /must be in ascending order, found "2\.\.0"\. Write 0\.\.2/],
    ['--learning-rate 0.3..0.1:0.1', /found "0\.3\.\.0\.1:0\.1"\. Write 0\.1\.\.0\.3:0\.1/],
    ['--seed 0..2.5', /--seed: expected a whole number of at least 0, found "2\.5"/],
    ['--seed 0..', /expected a range such as 0\.\.2 or 0\.1\.\.0\.3:0\.1, found "0\.\."/],
    ['--seed 0...2', /expected a range such as/],
    ['--seed 0..4:0', /the step of a range must be above 0/],
    ['--seed 0..1:0.5', /--seed: expected a whole number of at least 0, found "0\.5"/],
    ['--learning-rate 0.1..0.3', /a range of fractions needs a step/],
    ['--seed 0..1e12', /--seed: at most 1,000 values, found 1,000,000,000,001/],
    ['--max-steps 100,200', /--max-steps: all runs of a sweep have the same value; expected one value/],
    ['--engine onnx,onednn', /--engine: all runs of a sweep have the same/],
    ['--train-dir runs/a', /--train-dir: not a flag of sweep: .* in --sweep-dir/],
    ['--restart', /--restart: not a flag of sweep: .* another --sweep-dir/],
    ['--output-dir runs', /Did you mean --sweep-dir\?/],
    ['--resume', /A sweep continues automatically/],
    ['--eval-data test', /--eval-data: not a flag of sweep; it belongs to eval/],
  ] as const)
    test(`${line} is refused`, () => {
      assert.throws(
        () => sweepFlags(line),
        (error: unknown) => error instanceof UsageError && message.test(error.message),
      );
    });

  test('train takes none', () => {
    assert.throws(() => parseCommandLine(['train', '--seed', '0,1']), UsageError);
  });
});

test('a sweep without several values is refused', async () => {
  for (const flags of [[], ['--learning-rate', '0.1', '--seed', '3']]) {
    const { code, errors } = await cifar10(['sweep', '--sweep-dir', '/nonexistent/sweep', ...flags]);
    assert.equal(code, 2);
    assert.match(errors, /at least one flag with several values, such as --learning-rate 0\.05,0\.1/);
  }
});

test('sweep takes every flag of train, as a list, as one value or with the reason why not', () => {
  for (const [name, flag] of Object.entries(flagTable)) {
    if (!(flag.commands as readonly string[]).includes('train')) continue;
    const isListed = takesList(flag, 'sweep');
    const isCommon = (flag.commands as readonly string[]).includes('sweep') || 'inSweep' in flag;
    assert.notEqual(isListed, isCommon, writtenName(name));
    // A list of true and false is useless, so every boolean flag must say how `sweep` takes it.
    assert.ok(!isListed || flag.kind !== 'boolean', `--${writtenName(name)} needs inSweep`);
  }
});
