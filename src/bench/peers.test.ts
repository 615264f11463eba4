import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunError } from '../errors.ts';
import { readPeerLine, runPeer } from './peers.ts';

test('a line of a peer contains a variant and its rate, and the name of a variant contains its precision', () => {
  assert.deepEqual(readPeerLine('{"variant": "channels_last bf16 eager", "images_per_sec": 2709}'), [
    { variant: 'channels_last bf16 eager', precision: 'bfloat16', imagesPerSecond: 2709 },
  ]);
  assert.equal(readPeerLine('{"variant": "compiled fp16", "images_per_sec": 1}')[0]?.precision, 'float16');
  assert.deepEqual(
    readPeerLine('{"variant": "contiguous fp32", "images_per_sec": 594.5, "ms_per_step": 215}'),
    [{ variant: 'contiguous fp32', precision: 'float32', imagesPerSecond: 594.5 }],
  );
});

test('other lines are ignored', () => {
  for (const line of [
    '{"best": "a", "images_per_sec": 1}',
    '{"variant": "a", "failed": "b"}',
    'hello',
    'null',
    '3',
  ])
    assert.deepEqual(readPeerLine(line), [], line);
});

const node = JSON.stringify(process.execPath);

test('a peer runs until it ends', async () => {
  const found = await runPeer(`${node} -p "JSON.stringify({ variant: 'a', images_per_sec: 7 })"`);
  assert.deepEqual(found, [{ variant: 'a', precision: 'float32', imagesPerSecond: 7 }]);
});

test('the error for a peer that fails or measures nothing contains its command', async () => {
  await assert.rejects(runPeer(`${node} -e "process.exit(3)"`), (error: unknown) => {
    return error instanceof RunError && /the peer ".*" exited with code 3/.test(error.message);
  });
  await assert.rejects(runPeer(`${node} -p 1`), /printed no line like/);
});
