import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { endOneTower } from '../testing/end-tower.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { program } from '../testing/program.ts';
import { copySynthetic, smallNetwork } from '../testing/synthetic.ts';

test(
  'a tower whose thread ends stops the run with its error, exit code 1 and a checkpoint, from which the run resumes',
  {
    timeout: 60_000,
  },
  () =>
    inTemporaryFolder(async (folder) => {
      await copySynthetic(join(folder, 'data'));
      const trainDir = join(folder, 'run');
      const ends = endOneTower(join(trainDir, 'model.ckpt-7.safetensors'), join(folder, 'ended'));
      const train = (maxSteps: number, environment: Readonly<Record<string, string>> = {}) =>
        program(
          [
            ...[
              'train',
              '--train-dir',
              trainDir,
              '--data-dir',
              join(folder, 'data'),
              '--max-steps',
              `${maxSteps}`,
            ],
            ...['--dataset', 'synthetic', ...smallNetwork, '--batch-size', '16', '--summary-steps', '0'],
            ...['--engine', 'onnx', '--towers', '2', '--checkpoint-steps', '7', '--learning-rate', '0.001'],
          ],
          undefined,
          folder,
          environment,
        );
      const failed = await train(100_000, { NODE_OPTIONS: ends });
      assert.equal(failed.code, 1, failed.errors);
      const [, step = '', path = ''] =
        /^cifar10: tower [01]: ONNX Runtime cannot run graph train: its thread ended with code 7\nStep (\d+) was saved to (\S+)\. Training in the same folder resumes from it\.\n$/.exec(
          failed.errors,
        ) ?? assert.fail(failed.errors);
      assert.equal(path, join(trainDir, `model.ckpt-${step}.safetensors`));
      assert.ok(
        readFileSync(join(trainDir, 'checkpoint'), 'utf8').includes(`"model.ckpt-${step}.safetensors"`),
      );
      assert.equal(existsSync(join(trainDir, 'lock')), false);
      const resumed = await train(Number(step) + 1);
      assert.equal(resumed.code, 0, resumed.errors);
      assert.ok(resumed.output.includes(`Resuming from ${path}`), resumed.output);
    }),
);
