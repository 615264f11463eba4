import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConfusionMatrix } from '../evaluation/confusion.ts';
import { drawConfusion } from '../summary/draw-confusion.ts';
import { classTable, confusionTable } from './report-tables.ts';

/** Returns a matrix with 10 examples per class, of which i % 4 examples of class i are predicted as class i + 1. The last class
 * has no examples. */
function matrixOf(count: number): ConfusionMatrix {
  const matrix = new ConfusionMatrix(Array.from({ length: count }, (_, index) => `a class named ${index}`));
  for (let label = 0; label < count - 1; label++)
    for (let example = 0; example < 10; example++) {
      const predicted = example < label % 4 ? label + 1 : label;
      const logits = Float32Array.from({ length: count }, (_, index) => (index === predicted ? 1 : 0));
      matrix.add({ label, logits, correct: predicted === label });
    }
  return matrix;
}

for (const count of [2, 10, 20, 100, 1000])
  test(`reports of ${count} classes fit 80 columns and a screen`, () => {
    const { byClass, counts } = matrixOf(count);
    const names = byClass.map(({ name }) => name);
    for (const text of [classTable(byClass), confusionTable(names, counts)]) {
      const lines = text.split('\n');
      assert.ok(lines.length <= 41, `${lines.length} lines`);
      assert.ok(lines.every((line) => line.length <= 80));
    }
    const { width, height } = drawConfusion(counts);
    assert.equal(width, height);
    assert.ok(width >= count && width <= 1001, `${width} pixels`);
  });

test('long names of classes are shortened in the table of confusions', () => {
  const names = Array.from({ length: 50 }, (_, label) => `${'long '.repeat(30)}${label}`);
  const counts = names.map((_, label) => names.map((_, predicted) => (predicted === 0 && label > 0 ? 3 : 0)));
  for (const line of confusionTable(names, counts).split('\n')) assert.ok(line.length <= 80, line);
});

test('if there are many classes, those with the lowest recall and the most frequent confusions are shown', () => {
  const { byClass, counts } = matrixOf(100);
  const names = byClass.map(({ name }) => name);
  const classes = classTable(byClass).split('\n');
  assert.deepEqual(classes.slice(0, 3), [
    'Recall of 99 classes: lowest 70.0%, median 90.0%, highest 100.0%.',
    '1 class has no images.',
    'The 20 classes with the lowest recall:',
  ]);
  assert.match(classes[4] ?? '', /^a class named 3 +10 .* 70\.0%$/);
  const confusions = confusionTable(names, counts).split('\n');
  assert.equal(confusions[0], 'The most frequent confusions:');
  assert.match(confusions[2] ?? '', /^a class named 3 +a class named 4 +3 +30\.0%$/);
  assert.equal(confusions.length, 22);
});

test('without mistakes there are no confusions to show', () => {
  const counts = Array.from({ length: 100 }, (_, label) =>
    Array.from({ length: 100 }, (_, predicted) => (label === predicted ? 4 : 0)),
  );
  const names = counts.map((_, label) => `c${label}`);
  assert.equal(confusionTable(names, counts), 'No image was predicted as another class.');
});
