import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ByteCache } from './byte-cache.ts';

function counted() {
  const loaded: string[] = [];
  const cache = new ByteCache<string>(100);
  const get = (key: string, bytes: number) =>
    cache.get(key, async () => {
      loaded.push(key);
      return { value: `${key}!`, bytes };
    });
  return { loaded, cache, get };
}

test('a content is loaded once, until it is deleted', async () => {
  const { loaded, cache, get } = counted();
  assert.deepEqual(await Promise.all([get('a', 1), get('a', 1)]), ['a!', 'a!']);
  cache.delete('a');
  await get('a', 1);
  assert.deepEqual(loaded, ['a', 'a']);
});

test('contents that were not used for the longest time make room', async () => {
  const { cache, get } = counted();
  await get('a', 40);
  await get('b', 40);
  await get('a', 40);
  await get('c', 40);
  assert.deepEqual(cache.keys(), ['a', 'c']);
  await get('large', 1000);
  assert.deepEqual(cache.keys(), ['large']);
  cache.delete('large');
  await get('d', 60);
  await get('e', 40);
  assert.deepEqual(cache.keys(), ['d', 'e']);
});

test('a failure is not kept', async () => {
  const { loaded, cache, get } = counted();
  await assert.rejects(
    cache.get('a', () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.equal(await get('a', 1), 'a!');
  assert.deepEqual(loaded, ['a']);
});
