import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Patience } from './patience.ts';

test('waits for work as long as no stop is requested, and for a while afterwards', async () => {
  const stop = new AbortController();
  const patience = new Patience(stop.signal, 2000);
  assert.equal(await patience.for(sleep(100, 'done')), 'done');
  stop.abort();
  assert.equal(await patience.for(sleep(100, 'done')), 'done');
  assert.equal(patience.hasAbandoned, false);
});

test('work that does not end after a stop is abandoned, and its error is dropped', async () => {
  const stop = new AbortController();
  const patience = new Patience(stop.signal, 50);
  const work = sleep(300).then(() => Promise.reject(new Error('late')));
  stop.abort();
  assert.equal(await patience.for(work), undefined);
  assert.equal(patience.hasAbandoned, true);
  await sleep(400);
});

test('an error of work that ends in time is thrown', async () => {
  const patience = new Patience(undefined);
  await assert.rejects(patience.for(Promise.reject(new Error('now'))), /now/);
});

test('a step is not abandoned without a copy of the variables, and a slow step requests one for the next step', async () => {
  const stop = new AbortController();
  const patience = new Patience(stop.signal, 50);
  assert.equal(patience.needsCopy, false);
  stop.abort();
  assert.equal(await patience.forStep(sleep(500, 'done'), false), 'done');
  assert.equal(patience.needsCopy, true);
  await patience.forStep(Promise.resolve(), true);
  assert.equal(patience.needsCopy, false);
});

test('results of work are not kept in memory', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const patience = new Patience(new AbortController().signal);
  const megabyte = 1 << 20;
  for (let step = 0; step < 200; step++)
    assert.equal((await patience.for(Promise.resolve(new Uint8Array(megabyte))))?.length, megabyte);
  await sleep(10);
  collect();
  assert.ok(process.memoryUsage().arrayBuffers < 50 * megabyte);
});

test('work that ended before a stop is not abandoned', async () => {
  const stop = new AbortController();
  const patience = new Patience(stop.signal, 1);
  stop.abort();
  await sleep(50);
  assert.equal(await patience.for(Promise.resolve('done')), 'done');
  assert.equal(patience.hasAbandoned, false);
});
