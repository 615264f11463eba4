import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noiseExamples } from '../testing/examples.ts';
import { type Examples, placeOf } from './examples.ts';
import { holdOut } from './holdout.ts';
import { labelOf, recordBytes } from './record.ts';

const examples = noiseExamples(400);
const keys = (part: Examples) => Array.from({ length: part.count }, (_, index) => part.keyOf(index));

test('every example is in one part, with its own record and key, and none in both', () => {
  const { training, validation } = holdOut(examples, 0.25, 0);
  assert.deepEqual([...keys(training), ...keys(validation)].sort(), keys(examples).sort());
  const at = keys(examples).indexOf(validation.keyOf(5));
  const record = (part: Examples, index: number) => {
    const place = placeOf(part, index);
    return part.records.subarray(place * recordBytes, (place + 1) * recordBytes);
  };
  assert.deepEqual(record(validation, 5), record(examples, at));
});

test('each class gives the same share', () => {
  const count = (part: Examples, label: number) =>
    Array.from({ length: part.count }, (_, index) => labelOf(part.records, placeOf(part, index))).filter(
      (found) => found === label,
    ).length;
  const { validation } = holdOut(examples, 0.25, 0);
  for (const label of examples.dataset.classes.keys()) {
    assert.equal(count(validation, label), Math.round(0.25 * count(examples, label)));
  }
});

test('the same seed keeps out the same examples, another seed others', () => {
  const kept = (seed: number) => keys(holdOut(examples, 0.25, seed).validation).join();
  assert.equal(kept(7), kept(7));
  assert.notEqual(kept(7), kept(8));
});

test('a share that leaves nothing on one side is refused', () => {
  assert.throws(() => holdOut(examples, 0.000_01, 0), {
    name: 'RunError',
    message: /leaves nothing on one side; give another `holdout`/,
  });
});

test('both parts are lists over the same memory, which reader threads share: the data set is there once', () => {
  for (const part of Object.values(holdOut(examples, 0.25, 0)) as Examples[]) {
    assert.equal(part.records, examples.records);
    assert.ok(part.places?.buffer instanceof SharedArrayBuffer);
    assert.equal(part.places.length, part.count);
  }
});
