import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

/** Tests that docs/ideas.md explains every idea with a formula, a picture and a file. */
const page = readFileSync(new URL('../docs/ideas.md', import.meta.url), 'utf8');
const ideas = page.split(/^## /m).slice(1);

test('every idea has a formula, a picture and a file', () => {
  assert.ok(ideas.length >= 12);
  for (const idea of ideas) {
    const [title = ''] = idea.split('\n');
    const [formula = '', picture] = [...idea.matchAll(/```text\n(.*?)```/gs)].map(([, text = '']) => text);
    assert.match(formula, /=|←|→/, `${title}: no formula`);
    assert.ok(picture !== undefined, `${title}: no picture`);
    assert.match(idea, /\]\(\.\.\/src\/[\w/-]+\.ts\)/, `${title}: no file`);
  }
});

test('the picture of pooling shows the result of 3 × 3 windows with stride 2 and SAME padding', () => {
  const picture = /^1 7 .*?(?=```)/ms.exec(page)?.[0] ?? '';
  const cells = picture.split('\n').map((line) => [...line.matchAll(/(?<![a-z:] ?)\b\d\b/g)].map(Number));
  const image = cells.slice(0, 4).map((row) => row.slice(0, 4));
  const pooled = [1, 2].map((row) => (cells[row] ?? []).slice(4, 6));
  const expected = [0, 1].map((row) =>
    // SAME pads one row and one column, both after the image, so windows begin at 0 and 2.
    [0, 1].map((column) =>
      Math.max(
        ...image.slice(2 * row, 2 * row + 3).flatMap((line) => line.slice(2 * column, 2 * column + 3)),
      ),
    ),
  );
  assert.deepEqual(pooled, expected);
});
