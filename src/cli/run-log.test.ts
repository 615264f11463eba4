import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder } from '../testing/examples.ts';
import { cifar10 } from '../testing/in-process.ts';
import { copySynthetic, smallNetwork } from '../testing/synthetic.ts';

const words = [
  ...['train', '--dataset', 'synthetic', '--clip-norm', '5', '--batch-size', '16', '--log-frequency', '1'],
  ...smallNetwork,
];

test('train writes what it prints to train.log, and a resumed run continues it', { timeout: 120_000 }, () =>
  inTemporaryFolder(async (dir) => {
    await copySynthetic(join(dir, 'data'));
    const folders = ['--data-dir', join(dir, 'data'), '--train-dir', join(dir, 'run')];
    const log = () => readFileSync(join(dir, 'run', 'train.log'), 'utf8');
    const first = await cifar10([...words, ...folders, '--max-steps', '3']);
    assert.equal(first.code, 0, first.errors);
    assert.match(first.output, /step 2, loss = /);
    assert.equal(log(), first.output);
    // What `--quiet` and `--json` print instead does not matter.
    const quiet = await cifar10([...words, ...folders, '--max-steps', '4', '--quiet']);
    const json = await cifar10([...words, ...folders, '--max-steps', '5', '--json']);
    assert.deepEqual([quiet.code, json.code], [0, 0]);
    assert.doesNotMatch(quiet.output, /loss/);
    assert.ok(log().startsWith(first.output));
    const added = log().slice(first.output.length);
    assert.match(added, /step 3, loss = [\s\S]*step 4, loss = /);
    assert.doesNotMatch(added, /[{}]/);
    // A run that is complete adds nothing.
    const before = log();
    await cifar10([...words, ...folders, '--max-steps', '5']);
    assert.equal(log(), before);
  }),
);

test('a run that cannot begin leaves no log', { timeout: 120_000 }, () =>
  inTemporaryFolder(async (dir) => {
    await copySynthetic(join(dir, 'data'));
    const folders = ['--data-dir', join(dir, 'data'), '--train-dir', join(dir, 'run')];
    const missing = ['--init-from', join(dir, 'nothing')];
    const { code } = await cifar10([...words, ...folders, '--max-steps', '3', ...missing]);
    assert.equal(code, 1);
    assert.deepEqual(existsSync(join(dir, 'run')) ? readdirSync(join(dir, 'run')) : [], []);
  }),
);

test('the error that ends a run is in its log', { timeout: 120_000 }, () =>
  inTemporaryFolder(async (dir) => {
    await copySynthetic(join(dir, 'data'));
    const folders = ['--data-dir', join(dir, 'data'), '--train-dir', join(dir, 'run')];
    const steps = ['--max-steps', '2'];
    assert.equal((await cifar10([...words, ...folders, ...steps])).code, 0);
    const diverging = ['--learning-rate', '1e12', '--clip-norm', '0', '--max-steps', '40'];
    const { code, errors } = await cifar10([...words, ...folders, ...diverging]);
    assert.equal(code, 1, errors);
    const last =
      readFileSync(join(dir, 'run', 'train.log'), 'utf8')
        .trim()
        .split('\n')
        .at(-1) ?? '';
    assert.notEqual(last, '');
    assert.ok(errors.includes(last), `${last}: ${errors}`);
  }),
);
