/** Trains, resumes, evaluates and predicts on WebGPU, if this machine has it, which may be in software. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import { reasonToSkip } from '../testing/engine-support.ts';
import { cifar10 } from '../testing/in-process.ts';
import { withoutDecoder } from '../testing/picture-files.ts';
import { copySynthetic, smallNetwork } from '../testing/synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-webgpu-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const [data, run] = [join(folder, 'data'), join(folder, 'run')];

const skip = reasonToSkip({ engine: 'onnx', device: 'webgpu', precision: 'float32' });

test('a run on WebGPU is resumed there, and evaluated and used there on request', { skip }, async () => {
  await copySynthetic(data);
  const training = ['train', '--dataset', 'synthetic', '--data-dir', data, '--train-dir', run];
  const small = ['--batch-size', '4', '--summary-steps', '0', ...smallNetwork];
  const started = await cifar10([...training, ...small, '--max-steps', '1', '--device', 'webgpu']);
  assert.equal(started.code, 0, started.errors);
  assert.match(started.output, /, with onnxruntime-node [\d.]+ \(webgpu, float32\)$/m);
  assert.match(readFileSync(join(run, 'recipe.toml'), 'utf8'), /^device = "webgpu"$/m);

  const resumed = await cifar10([...training, ...small, '--max-steps', '2']);
  assert.equal(resumed.code, 0, resumed.errors);
  assert.match(resumed.output, /\(webgpu, float32\)$/m);
  assert.doesNotMatch(resumed.errors, /bit-identical/);
  const { metadata } = await readCheckpoint(join(run, 'model.ckpt-2.safetensors'));
  assert.deepEqual([metadata.device, metadata.towers], ['webgpu', 1]);

  const model = ['--checkpoint-dir', run, '--batch-size', '4', '--device', 'webgpu'];
  const images = ['--num-examples', '8', '--data-dir', data, '--eval-dir', join(folder, 'eval')];
  const scored = await cifar10(['eval', '--run-once', ...images, ...model]);
  assert.equal(scored.code, 0, scored.errors);
  assert.match(scored.output, /, with onnxruntime-node [\d.]+ \(webgpu\)\n[\s\S]*precision @ 1 = /);
  if (withoutDecoder !== false) return;
  const picture = join(run, 'data.png');
  const classified = await cifar10(['predict', picture, ...model]);
  assert.equal(classified.code, 0, classified.errors);
  assert.match(classified.output, /, on onnxruntime-node [\d.]+ \(webgpu\)$/m);
});

const lacksFloat16 = reasonToSkip({ engine: 'onnx', device: 'webgpu', precision: 'float16' });

test('float16 is refused before the data is provided if the GPU lacks it', {
  skip: skip !== false ? skip : lacksFloat16 === false && 'this GPU computes in float16',
}, async () => {
  const words = ['--device', 'webgpu', '--precision', 'float16', '--data-dir', join(folder, 'none')];
  const { code, output, errors } = await cifar10(['train', '--dataset', 'synthetic', ...words]);
  assert.equal(code, 1, errors);
  assert.equal(output, '');
  assert.match(
    errors,
    /^cifar10: --device webgpu does not compute in float16 here: .*\. Use --precision float32\n$/,
  );
});
