/** Tests that the PyTorch peer prints what bench expects, if PyTorch is installed. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runPeer } from './peers.ts';

const program = fileURLToPath(new URL('../../bench/peers/torch_step.py', import.meta.url));
const hasTorch = spawnSync('python3', ['-c', 'import torch']).status === 0;

test('bench/peers/torch_step.py measures the requested variants', {
  skip: hasTorch ? false : 'torch is not installed for python3',
}, async () => {
  const words = '--batch 8 --steps 2 --warm-up 1 --only "channels_last banded eager"';
  const found = await runPeer(`python3 ${JSON.stringify(program)} ${words}`);
  assert.deepEqual(
    found.map(({ variant, precision }) => [variant, precision]),
    [
      ['channels_last banded fp32 eager', 'float32'],
      ['channels_last banded bf16 eager', 'bfloat16'],
    ],
  );
  for (const { imagesPerSecond } of found) assert.ok(imagesPerSecond > 1);
});
