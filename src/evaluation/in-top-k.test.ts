import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTop1 } from './in-top-k.ts';

const row = (...scores: number[]) => Float32Array.from(scores);

test('the target is in the top 1 if no class scores strictly higher, so ties count as correct', () => {
  assert.equal(inTop1(row(1, 3, 2), 3, 0, 1), true);
  assert.equal(inTop1(row(1, 3, 2), 3, 0, 2), false);
  assert.equal(inTop1(row(3, 3, 2), 3, 0, 0), true);
  assert.equal(inTop1(row(3, 3, 2), 3, 0, 1), true);
  assert.equal(inTop1(row(0, 0, 0), 3, 0, 2), true);
});

test('a row with a non-finite logit is wrong, whichever class the logit belongs to', () => {
  for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    assert.equal(inTop1(row(5, odd, 1), 3, 0, 0), false);
    assert.equal(inTop1(row(odd, 5, 1), 3, 0, 0), false);
  }
});

test('each row of a batch is scored with its own logits', () => {
  const logits = row(1, 0, 0, 1);
  assert.equal(inTop1(logits, 2, 0, 0), true);
  assert.equal(inTop1(logits, 2, 1, 0), false);
});
