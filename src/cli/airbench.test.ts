/** Uses the recipes of airbench as users do: every command that takes a trained network. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import { decodeSafetensors } from '../checkpoint/safetensors.ts';
import type { Prediction } from '../predict/prediction.ts';
import { cifar10 } from '../testing/in-process.ts';
import { needsDecoder, writeClass } from '../testing/pictures.ts';
import { copySynthetic } from '../testing/synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-airbench-'));
const at = (name: string) => join(folder, name);
before(() => copySynthetic(at('data')));
after(() => rmSync(folder, { recursive: true, force: true }));

async function done(...words: readonly string[]): Promise<string> {
  const { code, output, errors } = await cifar10([...words, '--data-dir', at('data')]);
  assert.equal(code, 0, errors);
  return output;
}
/** A line of `predict --json`. */
interface PredictionLine {
  readonly path: string;
  readonly predictions: readonly Prediction[];
}
const tiny = ['--dataset', 'synthetic', '--width', '0.01', '--batch-size', '8', '--engine', 'onnx'];

for (const recipe of ['airbench', 'airbench-muon'])
  describe(`a run of ${recipe}`, () => {
    const run = at(recipe);
    const start = ['train', '--recipe', recipe, ...tiny];

    test('resumes bit-identically after a first part of 3 steps', async () => {
      const whole = [...start, '--max-steps', '7', '--keep', '0', '--checkpoint-steps', '3'];
      await done(...whole, '--train-dir', run);
      const expected = (await readCheckpoint(join(run, 'model.ckpt-7.safetensors'))).tensors;
      const parts = `${run}-parts`;
      await done(...start, '--train-dir', parts, '--max-steps', '3', '--decay-steps', '7');
      await done('train', '--engine', 'onnx', '--train-dir', parts, '--max-steps', '7');
      const found = (await readCheckpoint(join(parts, 'model.ckpt-7.safetensors'))).tensors;
      assert.deepEqual(found, expected);
    });

    test('is evaluated with a report and both precisions', async () => {
      const places = ['--checkpoint-dir', run, '--eval-dir', `${run}-eval`];
      const output = await done(
        'eval',
        '--run-once',
        '--report',
        '--tta',
        'full',
        '--num-examples',
        '40',
        ...places,
      );
      assert.match(output, /precision @ 1 = \d\.\d{3}[\s\S]*with test-time augmentation \(full\): \d\.\d{3}/);
      assert.match(readFileSync(join(`${run}-eval`, 'report.html'), 'utf8'), /with test-time augmentation/);
    });

    test('is exported to ONNX and for PyTorch', async () => {
      await done('export', run, '--output', at(`${recipe}.onnx`));
      const torch = ['--format', 'safetensors', '--names', 'torch', '--output', at(`${recipe}.safetensors`)];
      await done('export', run, ...torch);
      const { tensors } = decodeSafetensors(readFileSync(at(`${recipe}.safetensors`)), recipe);
      assert.deepEqual(
        [...tensors.keys()].filter((name) => /^(whiten|group1\.conv1|softmax)/.test(name)).sort(),
        [
          'group1.conv1.weight',
          'group1.conv1_norm.bias',
          'group1.conv1_norm.running_mean',
          'group1.conv1_norm.running_var',
          'softmax_linear.weight',
          'whiten.bias',
          'whiten.weight',
        ],
      );
    });

    test('classifies pictures, as its exported file does', needsDecoder, async () => {
      await writeClass(at('pictures'), 'cat', 3, 0);
      const predict = async (model: string) => {
        const words = ['predict', at('pictures'), '--checkpoint-dir', model, '--json', '--engine', 'onnx'];
        const { code, output, errors } = await cifar10(words);
        assert.equal(code, 0, errors);
        return output.split('\n').flatMap((line): PredictionLine[] => {
          const event = line === '' ? undefined : JSON.parse(line);
          return event?.kind === 'prediction' ? [event] : [];
        });
      };
      const [ofRun, ofFile] = [await predict(run), await predict(at(`${recipe}.onnx`))];
      assert.equal(ofRun.length, 3);
      const labelsOf = ({ path, predictions }: PredictionLine) => [
        path,
        ...predictions.map(({ label }) => label),
      ];
      assert.deepEqual(ofFile.map(labelsOf), ofRun.map(labelsOf));
      for (const [index, { path, predictions }] of ofRun.entries()) {
        assert.ok(predictions.length > 1, path);
        for (const [rank, { probability }] of predictions.entries()) {
          const found = ofFile[index]?.predictions[rank]?.probability ?? Number.NaN;
          assert.ok(Math.abs(found - probability) <= 1e-5, `${path}, ${rank}: ${found}, ${probability}`);
        }
      }
    });

    test('has a learning rate to be found, and can be part of a sweep', async () => {
      const found = await done(...start, '--find-learning-rate');
      assert.match(found, /Proposed learning rate: \d/);
      const output = await done(
        ...['sweep', '--recipe', recipe, ...tiny, '--sweep-dir', `${run}-sweep`],
        ...['--learning-rate', '0.1,0.2', '--max-steps', '2', '--holdout', '0.01'],
      );
      assert.match(output, /Precision @ 1 on the held-out images/);
      assert.ok(existsSync(join(`${run}-sweep`, 'learning_rate=0.1')));
    });
  });
