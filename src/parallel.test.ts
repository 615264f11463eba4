import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { mapAhead } from './parallel.ts';

async function collected<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

test('results come in the order of the items, and only so many items are worked on at once', async () => {
  let [active, most] = [0, 0];
  const results = mapAhead([5, 1, 4, 2, 3, 0, 6], 3, async (item) => {
    most = Math.max(most, ++active);
    await sleep(item);
    active--;
    return item * 10;
  });
  assert.deepEqual(await collected(results), [50, 10, 40, 20, 30, 0, 60]);
  assert.equal(most, 3);
});

test('a slow consumer keeps items from being started', async () => {
  let started = 0;
  const results = mapAhead(
    Array.from({ length: 100 }, (_, index) => index),
    4,
    async (item) => {
      started++;
      return item;
    },
  );
  await results.next();
  for (let tick = 0; tick < 10; tick++) await turn();
  assert.equal(started, 4);
  await results.return();
});

test('an error comes in the order of the items', async () => {
  const seen: number[] = [];
  const results = mapAhead([1, 2, 3], 3, async (item) => {
    if (item === 2) throw new Error('item 2');
    return item;
  });
  await assert.rejects(async () => {
    for await (const one of results) seen.push(one);
  }, /item 2/);
  assert.deepEqual(seen, [1]);
});

test('a stop does not wait for work that hangs', async () => {
  const control = new AbortController();
  const results = mapAhead([1, 2], 1, () => new Promise(() => undefined), control.signal);
  setTimeout(() => control.abort(), 5);
  await assert.rejects(results.next(), { name: 'StoppedError' });
});

test('results that were yielded are not kept in memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { signal } = new AbortController();
  const megabyte = 1 << 20;
  const items = Array.from({ length: 200 }, (_, index) => index);
  let most = 0;
  for await (const { length } of mapAhead(items, 2, async () => new Uint8Array(megabyte), signal)) {
    assert.equal(length, megabyte);
    await turn();
    collect();
    most = Math.max(most, process.memoryUsage().arrayBuffers);
  }
  assert.ok(most < 50 * megabyte, `${most} bytes`);
});
