import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContentCache } from './content-cache.ts';

test('content that does not exist is not kept', async () => {
  const cache = new ContentCache();
  for (let at = 0; at < 100; at++)
    assert.equal(await cache.of(`path ${at}`, '1', async () => undefined), undefined);
  assert.equal(cache.size, 0);
});

test('requests at the same time share the content, and the least recently used is forgotten', async () => {
  const cache = new ContentCache();
  let made = 0;
  const make = async () => {
    made++;
    return new Uint8Array(15 << 20);
  };
  await Promise.all([cache.of('a', '1', make), cache.of('a', '1', make)]);
  assert.equal(made, 1);
  for (const path of ['b', 'c', 'd', 'a', 'e']) await cache.of(path, '1', make);
  assert.deepEqual([made, cache.size], [5, 4]);
  await cache.of('a', '1', make);
  assert.equal(made, 5);
  await cache.of('b', '1', make);
  assert.equal(made, 6);
});

test('the number of small contents is limited too', async () => {
  const cache = new ContentCache();
  for (let at = 0; at < 70_000; at++) await cache.of(`${at}`, '1', async () => '');
  assert.ok(cache.size < 66_000, String(cache.size));
});
