import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { OutputQueue, type StreamName } from './output-queue.ts';

/** Returns a queue whose sinks call `take` and then record what they have received. */
function noted(take: (stream: StreamName, text: string) => Promise<void> | void) {
  const written: string[] = [];
  const failed: string[] = [];
  const sink = (stream: StreamName) => async (text: string) => {
    await take(stream, text);
    written.push(`${stream}: ${text}`);
  };
  const queue = new OutputQueue({ out: sink('out'), err: sink('err') }, (stream, error) =>
    failed.push(`${stream}: ${error}`),
  );
  return { queue, written, failed };
}

test('texts are written in the order of the calls, even to different streams', async () => {
  const { queue, written } = noted(() => sleep(5));
  queue.write('out', 'a');
  queue.write('err', 'b');
  queue.write('out', 'c');
  queue.write('out', 'd');
  await queue.idle();
  assert.deepEqual(written, ['out: a', 'err: b', 'out: cd']);
});

test('a slow reader is detected, and a caller that writes a lot can wait until there is room', async () => {
  let go: () => void = () => undefined;
  const { queue } = noted(() => new Promise<void>((resolve) => (go = resolve)));
  const never = new AbortController().signal;
  await queue.drained(never);
  queue.write('out', 'x');
  queue.write('out', 'x'.repeat(10 << 20));
  assert.equal(queue.isBehind, false);
  await sleep(200);
  assert.equal(queue.isBehind, true);
  let hasRoom = false;
  const drained = queue.drained(never).then(() => {
    hasRoom = true;
  });
  await sleep(50);
  assert.equal(hasRoom, false);
  go();
  await sleep(50);
  go();
  await drained;
  await queue.drained(AbortSignal.abort());
});

test('the last errors are written even if standard output is blocked', async () => {
  const { queue, written } = noted((stream) => (stream === 'out' ? new Promise(() => undefined) : undefined));
  queue.write('out', 'never read');
  queue.write('err', 'warning');
  await queue.flushBriefly(50);
  assert.deepEqual(written, ['err: warning']);
});

test('the first error of a stream is reported, and later output to that stream is dropped', async () => {
  const { queue, written, failed } = noted((stream) => {
    if (stream === 'out') throw new Error('EPIPE');
  });
  queue.write('out', 'a');
  queue.write('err', 'b');
  queue.write('out', 'c');
  await queue.idle();
  queue.write('out', 'd');
  await queue.idle();
  assert.deepEqual(failed, ['out: Error: EPIPE']);
  assert.deepEqual(written, ['err: b']);
});
