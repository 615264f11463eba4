/** Tests that the PyTorch peers print what bench expects, if PyTorch is installed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runPeer } from './peers.ts';

const hasTorch = spawnSync('python3', ['-c', 'import torch']).status === 0;

const peers = [
  [
    'torch_step.py',
    'channels_last banded eager',
    ['channels_last banded fp32 eager', 'channels_last banded bf16 eager'],
  ],
  [
    'torch_ddp.py',
    'channels_last banded eager',
    ['channels_last banded fp32 eager', 'channels_last banded bf16 eager'],
  ],
  ['torch_resnet.py', 'channels_last eager', ['channels_last fp32 eager', 'channels_last bf16 eager']],
  ['torch_airbench.py', 'channels_last eager', ['channels_last fp32 eager', 'channels_last bf16 eager']],
] as const;

for (const [file, only, variants] of peers)
  test(`bench/peers/${file} measures the requested variants`, {
    skip: hasTorch ? false : 'torch is not installed for python3',
  }, async () => {
    const program = fileURLToPath(new URL(`../../bench/peers/${file}`, import.meta.url));
    const words = `--batch 8 --steps 2 --warm-up 1 --only "${only}"`;
    const found = await runPeer(`python3 ${JSON.stringify(program)} ${words}`);
    assert.deepEqual(
      found.map(({ variant }) => variant),
      variants,
    );
    assert.deepEqual(
      found.map(({ precision }) => precision),
      ['float32', 'bfloat16'],
    );
    for (const { imagesPerSecond } of found) assert.ok(imagesPerSecond > 1);
  });
