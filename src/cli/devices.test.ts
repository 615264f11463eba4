/** Tests `--device` on a machine without a GPU: what is refused, and how runs of other devices are resumed. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readCheckpoint, writeCheckpoint } from '../checkpoint/checkpoint.ts';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { cifar10 } from '../testing/in-process.ts';
import { copySynthetic, smallNetwork } from '../testing/synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-devices-'));
const [data, run, other] = [join(folder, 'data'), join(folder, 'run'), join(folder, 'other')];
// No driver is found, whatever this machine has. The trials of devices inherit the environment.
const hidden = { VK_DRIVER_FILES: join(folder, 'none'), VK_ICD_FILENAMES: '', CUDA_VISIBLE_DEVICES: '-1' };
const skip = process.platform === 'linux' ? false : 'drivers can only be hidden on Linux';

const training = [
  'train',
  '--dataset',
  'synthetic',
  '--data-dir',
  data,
  '--batch-size',
  '8',
  ...smallNetwork,
];
const evaluating = [
  'eval',
  '--run-once',
  '--data-dir',
  data,
  '--checkpoint-dir',
  run,
  '--num-examples',
  '16',
];

/** Changes the metadata of the only checkpoint with that step. */
async function edit(step: number, changes: Partial<CheckpointMetadata>): Promise<void> {
  const path = join(run, `model.ckpt-${step}.safetensors`);
  const { tensors, metadata } = await readCheckpoint(path);
  await writeCheckpoint(run, { tensors, metadata: { ...metadata, ...changes } });
}

const metadataOf = async (step: number) =>
  (await readCheckpoint(join(run, `model.ckpt-${step}.safetensors`))).metadata;

describe('without a GPU,', { skip }, () => {
  before(() => Object.assign(process.env, hidden));
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [device, expected] of [
    ['webgpu', /^cifar10: (.*\n)*.*--device webgpu .*\n/],
    ['cuda', /^cifar10: (.*\n)*.*--device cuda .*\n/],
    ['cuda:7', /^cifar10: (.*\n)*.*--device cuda:7 .*\n/],
  ] as const)
    test(`--device ${device} is refused before the data is provided, and never replaced by the CPU`, async () => {
      const { code, output, errors } = await cifar10([
        ...[...training, '--train-dir', other, '--max-steps', '2'],
        ...['--device', device],
      ]);
      assert.equal(code, 1, errors);
      assert.match(errors, expected);
      assert.doesNotMatch(errors, /^ +at |--device cpu.*--device cpu/m);
      assert.equal(output, '');
      assert.ok(!existsSync(data), 'no data was drawn');
      assert.ok(!existsSync(other), 'no folder was made');
    });

  for (const [words, message] of [
    [
      '--device webgpu --engine onednn',
      '--engine onednn does not compute on --device webgpu; use --engine onnx or --engine auto, or --device cpu',
    ],
    ['--device cuda:1 --precision bfloat16', /^--device cuda:1 only computes in .*, found bfloat16$/],
    [
      '--device auto --engine onnx --precision bfloat16',
      /^--engine onnx only computes in .*; for bfloat16 use /,
    ],
    ['--device webgpu --towers 2', /^--device webgpu allows 1 tower in a process, found --towers 2: /],
  ] as const)
    test(`train ${words} is refused as a mistake on the command line`, async () => {
      const { code, errors } = await cifar10([...training, '--train-dir', other, ...words.split(' ')]);
      assert.equal(code, 2, errors);
      const [first = ''] = errors.replace(/^cifar10: /, '').split('\n');
      if (typeof message === 'string') assert.equal(first, message);
      else assert.match(first, message);
      assert.ok(!existsSync(other));
    });

  test('a run of another device is resumed there or refused; --device cpu continues it', async () => {
    await copySynthetic(data);
    const started = await cifar10([...training, '--train-dir', run, '--max-steps', '1', '--device', 'auto']);
    assert.equal(started.code, 0, started.errors);
    assert.match(
      started.output,
      /^Device auto: cpu \(\w+\) [\d,.]+ images\/s → cpu\n {2}--device webgpu .*\n {2}--device cuda /,
    );
    assert.equal((await metadataOf(1)).device, 'cpu');
    assert.match(readFileSync(join(run, 'recipe.toml'), 'utf8'), /^device = "cpu"$/m);

    // The choice of auto is kept, without another trial.
    const again = await cifar10([...training, '--train-dir', run, '--max-steps', '2', '--device', 'auto']);
    assert.equal(again.code, 0, again.errors);
    assert.doesNotMatch(again.output, /Device auto/);

    await edit(2, { device: 'webgpu', engine: 'onnx' });
    const longer = [...training, '--train-dir', run, '--max-steps', '3'];
    for (const words of [[], ['--device', 'auto'], ['--device', 'webgpu']]) {
      const { code, errors } = await cifar10([...longer, ...words]);
      assert.equal(code, 1, errors);
      assert.match(
        errors,
        /^cifar10: this run was trained on webgpu\. (?:.|\n)*To resume it on the CPU, add --device cpu\n$/,
      );
    }
    for (const [words, message] of [
      [
        '--engine onednn',
        'this run used webgpu, which --engine onednn does not offer; add --device cpu, or omit --engine',
      ],
      [
        '--precision bfloat16',
        'this run used webgpu, which --precision bfloat16 does not offer; add --device cpu',
      ],
    ] as const) {
      const { code, errors } = await cifar10([...longer, ...words.split(' ')]);
      assert.equal(code, 1, errors);
      assert.equal(errors, `cifar10: ${message}\n`);
    }
    assert.ok(!existsSync(join(run, 'model.ckpt-3.safetensors')));

    const onCpu = await cifar10([...longer, '--device', 'cpu']);
    assert.equal(onCpu.code, 0, onCpu.errors);
    assert.match(onCpu.errors, /no longer be bit-identical \(device: webgpu, now cpu/);
    const resumed = await metadataOf(3);
    assert.equal(resumed.device, 'cpu');
    assert.match(resumed.history.join('\n'), /device: webgpu, now cpu/);
  });

  test('a device that this version does not know is refused, and can be replaced', async () => {
    await edit(3, { device: 'tpu' });
    const longer = [...training, '--train-dir', run, '--max-steps', '4'];
    const { code, errors } = await cifar10(longer);
    assert.equal(code, 1);
    assert.equal(
      errors,
      'cifar10: this run was trained on "tpu", which this version does not know; add --device cpu\n',
    );
    assert.equal((await cifar10([...longer, '--device', 'cpu'])).code, 0);
  });

  test('a precision that a new device lacks is named, with those that it has', async () => {
    await edit(4, { precision: 'bfloat16', engine: 'onednn' });
    const { code, errors } = await cifar10([
      ...[...training, '--train-dir', run, '--max-steps', '5', '--device', 'cuda'],
    ]);
    assert.equal(code, 1);
    assert.match(
      errors,
      /^cifar10: this run used bfloat16, which --device cuda does not offer; add --precision float32/,
    );
  });

  test('eval refuses a device that does not work before the data is provided, and auto chooses the CPU', async () => {
    const evalDir = join(folder, 'eval');
    const missing = await cifar10([...evaluating, '--eval-dir', evalDir, '--device', 'webgpu']);
    assert.equal(missing.code, 1, missing.errors);
    assert.match(missing.errors, /--device webgpu /);
    assert.doesNotMatch(missing.output, /precision @ 1/);
    const { code, output, errors } = await cifar10([
      ...evaluating,
      '--eval-dir',
      evalDir,
      '--device',
      'auto',
    ]);
    assert.equal(code, 0, errors);
    assert.match(output, /^Device auto: cpu .* → cpu$/m);
    assert.match(output, /precision @ 1 = /);
  });

  test('predict and bench refuse a device that does not work', async () => {
    const picture = join(run, 'data.png');
    const predicted = await cifar10(['predict', picture, '--checkpoint-dir', run, '--device', 'webgpu']);
    assert.equal(predicted.code, 1);
    assert.match(predicted.errors, /--device webgpu /);
    const { code, errors } = await cifar10(['bench', '--device', 'webgpu', '--steps', '1']);
    assert.equal(code, 1);
    assert.match(errors, /^cifar10: nothing to measure: (?:.|\n)*--device webgpu /);
  });
});
