import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pictureAddress } from './picture-address.ts';

test('pictures that have the same path one after the other have different addresses', () => {
  const address = (tag: string, step: number) => pictureAddress('cnVu/images/0.png', [step, tag]);
  assert.equal(address('filters/a b', 10), 'data/cnVu/images/0.png?10-filters%2Fa%20b');
  const all = [address('a', 1), address('a', 2), address('b', 1), address('a?b#c', 1), address('a?b', 1)];
  assert.equal(new Set(all).size, all.length);
  assert.ok(all.every((one) => new URL(one, 'http://localhost/').pathname === '/data/cnVu/images/0.png'));
});
