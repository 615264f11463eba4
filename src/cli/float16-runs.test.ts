/** Trains in float16, evaluates and predicts with the command line, on every engine that offers it here. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CheckpointStore } from '../checkpoint/store.ts';
import { metricsFileName } from '../summary/metrics-file.ts';
import { engineVariants } from '../testing/engines.ts';
import { cifar10 } from '../testing/in-process.ts';
import { copySynthetic, smallNetwork } from '../testing/synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-float16-'));
const data = ['--data-dir', join(folder, 'data')];
before(() => copySynthetic(join(folder, 'data')));
after(() => rmSync(folder, { recursive: true, force: true }));

async function succeed(words: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { code, output, errors } = await cifar10([...words, '--json']);
  assert.equal(code, 0, errors);
  return output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const latest = async (dir: string) =>
  (await new CheckpointStore(dir, { keep: 0, onWarning: assert.fail }).latest())?.checkpoint ?? assert.fail();

for (const { engine, precision, title, skip } of engineVariants)
  if (precision === 'float16')
    describe(`float16: ${title}`, { skip }, () => {
      const [whole, parts] = [join(folder, `${engine}-whole`), join(folder, `${engine}-parts`)];
      const training = [
        ...[
          'train',
          '--dataset',
          'synthetic',
          ...data,
          ...smallNetwork,
          '--batch-size',
          '16',
          '--engine',
          engine,
        ],
        ...['--clip-norm', '5', '--optimizer', 'adam', '--learning-rate', '0.001', '--summary-steps', '1'],
        ...['--log-frequency', '1'],
      ];

      test('trains with --use-fp16, records the scale of the loss, and resumes to the bit', async () => {
        const steps = await succeed([...training, '--use-fp16', '--max-steps', '10', '--train-dir', whole]);
        const scales = steps.flatMap(({ kind, lossScale }) => (kind === 'step' ? [lossScale] : []));
        assert.equal(scales[0], 65_536);
        assert.equal(scales.length, 10);
        const recorded = readFileSync(join(whole, metricsFileName), 'utf8').trim().split('\n');
        assert.deepEqual(
          recorded.map((line) => (JSON.parse(line) as Record<string, unknown>)['loss_scale']),
          scales,
        );
        await succeed([...training, '--precision', 'float16', '--max-steps', '5', '--train-dir', parts]);
        // The precision is that of the checkpoint.
        await succeed([...training, '--max-steps', '10', '--train-dir', parts]);
        const [one, other] = [await latest(whole), await latest(parts)];
        assert.deepEqual(other.tensors, one.tensors);
        assert.deepEqual(other.metadata.lossScale, one.metadata.lossScale);
        assert.ok(one.metadata.lossScale !== undefined);
        assert.equal(other.metadata.skippedSteps, one.metadata.skippedSteps);
        assert.equal(one.metadata.precision, 'float16');
      });

      test('inspect prints the scale of the loss', async () => {
        const { output } = await cifar10(['inspect', whole]);
        assert.match(output, /lossScale\.scale +\d+/);
        assert.match(output, /skippedSteps +\d+/);
      });

      test('evaluates with --use-fp16, close to float32', async () => {
        const evaluation = [
          ...['eval', '--run-once', '--checkpoint-dir', whole, ...data, '--engine', engine],
          ...['--num-examples', '500', '--eval-dir', join(folder, `${engine}-eval`)],
        ];
        const precisionOf = async (more: readonly string[]) =>
          Number(
            (await succeed([...evaluation, ...more])).find(({ kind }) => kind === 'evaluation')?.[
              'precision'
            ],
          );
        const [half, single] = [await precisionOf(['--use_fp16=true']), await precisionOf([])];
        assert.ok(Math.abs(half - single) <= 0.02, `${half} and ${single}`);
      });

      test('resumes in float32, without a scale', async () => {
        const { errors } = await cifar10([
          ...training,
          '--no-use-fp16',
          '--max-steps',
          '11',
          '--train-dir',
          parts,
        ]);
        assert.match(
          errors,
          /warning: results will no longer be bit-identical \(precision: float16, now float32\)/,
        );
        const { metadata } = await latest(parts);
        assert.equal(metadata.lossScale, undefined);
        assert.equal(metadata.precision, 'float32');
      });
    });
