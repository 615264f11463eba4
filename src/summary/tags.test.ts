import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorsOfText } from '../testing/compile.ts';
import { describedOnce, tagOf, tagRecords } from './tags.ts';

test('every {name} in the tag and the description of a record is replaced', () => {
  assert.deepEqual(tagOf('learningRate'), {
    tag: 'learning_rate',
    description: 'Factor of the gradients in the update.',
  });
  assert.equal(tagOf('queue', { capacity: 4 }).tag, 'queue/batches/fraction_of_4_full');
  assert.match(tagOf('confusion', { classes: 'cat, dog' }).description, /predicted classes: cat, dog[.]$/);
});

test('a record of another kind, a missing {name} and an unknown one do not compile', () => {
  const right = ["scalarOf('rawLoss', 1, { term: 'total_loss' })", "scalarOf('learningRate', 1)"];
  const wrong = [
    "scalarOf('gradient', 1, { variable: 'conv1/weights' })",
    "tensorOf('learningRate', new Float32Array(1))",
    "scalarOf('rawLoss', 1)",
    "scalarOf('rawLoss', 1, { name: 'total_loss' })",
    "scalarOf('learningRate', 1, { term: 'total_loss' })",
    "scalarOf('mood', 1)",
  ];
  const imports = "import { scalarOf, tensorOf } from 'src/summary/recorded-value.ts';";
  const errors = errorsOfText([imports, ...wrong, ...right].join('\n'));
  const lines = [...errors.matchAll(/text[.]mts\((\d+),/g)].map(([, line]) => Number(line));
  assert.deepEqual([...new Set(lines)], [2, 3, 4, 5, 6, 7], errors);
});

test('a value whose tag has no record, and thus no description, does not compile', () => {
  const program = `import type { RecordedValue } from 'src/summary/recorded-value.ts';
    export const value: RecordedValue = { kind: 'scalar', tag: 'mood', value: 1 };`;
  assert.match(errorsOfText(program), /'description' is missing/);
});

test('no two records have the same tag, and the description of each is a sentence', () => {
  const records = Object.values(tagRecords);
  assert.equal(new Set(records.map(({ tag }) => tag)).size, records.length);
  for (const { tag, description } of records) assert.match(description, /^[A-Z].{10,}[.]$/, tag);
});

test('only the first value of a tag keeps the description', () => {
  const once = describedOnce();
  const value = { tag: 'a', description: 'What a is.', kind: 'scalar', value: 1 } as const;
  assert.deepEqual(once(value), value);
  assert.deepEqual(once(value), { tag: 'a', kind: 'scalar', value: 1 });
  assert.deepEqual(once({ ...value, tag: 'b' }), { ...value, tag: 'b' });
});
