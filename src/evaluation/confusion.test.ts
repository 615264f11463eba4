import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfusionMatrix, predictedClass } from './confusion.ts';

const logits = (...values: number[]) => Float32Array.from(values);

test('the prediction is the first of the highest scores, and undefined if a score is not finite', () => {
  assert.equal(predictedClass(logits(1, 3, 3)), 1);
  assert.equal(predictedClass(logits(1, Number.NaN, 3)), undefined);
  assert.equal(predictedClass(logits(1, Number.POSITIVE_INFINITY, 3)), undefined);
});

test('precision and recall of each class are computed from the counts', () => {
  const matrix = new ConfusionMatrix(['cat', 'dog', 'owl']);
  const add = (label: number, predicted: number) =>
    matrix.add({
      label,
      logits: logits(...[0, 1, 2].map((k) => Number(k === predicted))),
      correct: label === predicted,
    });
  for (const [label, predicted] of [
    [0, 0],
    [0, 0],
    [0, 1],
    [1, 1],
    [1, 0],
  ] as const)
    add(label, predicted);
  assert.deepEqual(matrix.counts, [
    [2, 1, 0],
    [1, 1, 0],
    [0, 0, 0],
  ]);
  const [cat, dog, owl] = matrix.byClass;
  assert.deepEqual(cat, {
    ...{ name: 'cat', examples: 3, predicted: 3, correct: 2 },
    ...{ precision: 2 / 3, recall: 2 / 3, f1: 2 / 3 },
  });
  assert.deepEqual(dog, {
    ...{ name: 'dog', examples: 2, predicted: 2, correct: 1 },
    ...{ precision: 1 / 2, recall: 1 / 2, f1: 1 / 2 },
  });
  assert.ok(
    owl &&
      owl.examples === 0 &&
      Number.isNaN(owl.precision) &&
      Number.isNaN(owl.recall) &&
      Number.isNaN(owl.f1),
  );
});

test('in the matrix a tie that counts as correct is correct, and a row without a prediction is wrong', () => {
  const matrix = new ConfusionMatrix(['cat', 'dog']);
  matrix.add({ label: 1, logits: logits(2, 2), correct: true });
  matrix.add({ label: 1, logits: logits(Number.NaN, 2), correct: false });
  assert.deepEqual(matrix.counts, [
    [0, 0],
    [0, 1],
  ]);
  assert.equal(matrix.byClass[1]?.recall, 1 / 2);
});
