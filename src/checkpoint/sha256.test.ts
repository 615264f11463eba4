import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { noiseImage } from '../testing/examples.ts';
import { Sha256 } from './sha256.ts';

test('the hash is that of node:crypto, for every length around the borders of blocks', () => {
  const bytes = noiseImage(1, [1, 1, 300]);
  for (let length = 0; length <= bytes.length; length++) {
    const part = bytes.subarray(0, length);
    assert.equal(new Sha256().update(part).digest(), createHash('sha256').update(part).digest('hex'));
  }
});

test('data may arrive in parts, and texts are hashed as UTF-8', () => {
  const [parts, whole] = [new Sha256(), createHash('sha256')];
  for (const part of ['ü🐸', '', new Uint8Array(100_000).fill(7), 'x'.repeat(63)]) {
    parts.update(part);
    whole.update(part);
  }
  assert.equal(parts.digest(), whole.digest('hex'));
});
