import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noiseExamples } from '../testing/examples.ts';
import { ExampleReader, type Examples, recordIndexOf } from './examples.ts';
import { holdOut } from './holdout.ts';
import { recordBytes as recordBytesOf } from './record.ts';

const examples = noiseExamples(400);
const recordBytes = recordBytesOf(examples.dataset.record);
const keys = (part: Examples) => Array.from({ length: part.count }, (_, index) => part.keyOf(index));

test('every example is in exactly one part, with its record and key', () => {
  const { training, validation } = holdOut(examples, 0.25, 0);
  assert.deepEqual([...keys(training), ...keys(validation)].sort(), keys(examples).sort());
  const at = keys(examples).indexOf(validation.keyOf(5));
  const record = (part: Examples, index: number) => {
    const at = recordIndexOf(part, index);
    return part.records.subarray(at * recordBytes, (at + 1) * recordBytes);
  };
  assert.deepEqual(record(validation, 5), record(examples, at));
});

test('the held-out fraction is the same for each class', () => {
  const count = (part: Examples, label: number) =>
    Array.from({ length: part.count }, (_, index) => new ExampleReader(part).labelOf(index)).filter(
      (found) => found === label,
    ).length;
  const { validation } = holdOut(examples, 0.25, 0);
  for (const label of examples.dataset.classes.keys()) {
    assert.equal(count(validation, label), Math.round(0.25 * count(examples, label)));
  }
});

test('the same seed holds out the same examples, and another seed holds out others', () => {
  const held = (seed: number) => keys(holdOut(examples, 0.25, seed).validation).join();
  assert.equal(held(7), held(7));
  assert.notEqual(held(7), held(8));
});

test('a fraction that leaves one part empty is refused', () => {
  assert.throws(() => holdOut(examples, 0.000_01, 0), {
    name: 'RunError',
    message:
      /^a holdout of 0\.00001 of [\d,]+ examples leaves one part empty; use a larger `holdout`, at least [\d.]+$/,
  });
  const advised = (share: number) => {
    try {
      holdOut(examples, share, 0);
    } catch (error) {
      return Number(/at least ([\d.e-]+)/.exec(String(error))?.[1]);
    }
    return Number.NaN;
  };
  const least = advised(0.000_01);
  assert.ok(holdOut(examples, least, 0).validation.count > 0);
  assert.ok(Number.isFinite(advised(least * 0.9)), 'a smaller fraction holds out nothing');
});

test('both parts share the records, and their indices are in shared memory', () => {
  for (const part of Object.values(holdOut(examples, 0.25, 0)) as Examples[]) {
    assert.equal(part.records, examples.records);
    assert.ok(part.recordIndices?.buffer instanceof SharedArrayBuffer);
    assert.equal(part.recordIndices.length, part.count);
  }
});
