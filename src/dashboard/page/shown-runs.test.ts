import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatShown, shownRuns, withoutRun, withRun } from './shown-runs.ts';

test('without a list, the newest runs are shown', () => {
  assert.deepEqual(
    [...shownRuns(undefined, ['c', 'b', 'a'], 2)],
    [
      ['c', 0],
      ['b', 1],
    ],
  );
});

test('a run keeps its color while others go and come', () => {
  const three = shownRuns('a~0,b~1,c~2', ['a', 'b', 'c', 'd'], 9);
  const two = withoutRun(three, 'b');
  assert.deepEqual(
    [...two],
    [
      ['a', 0],
      ['c', 2],
    ],
  );
  assert.deepEqual([...withRun(two, 'd')].at(-1), ['d', 1], 'the free color');
  assert.deepEqual(shownRuns(formatShown(two), ['a', 'b', 'c'], 9), two);
  assert.equal(withRun(two, 'a'), two);
});

test('unknown runs are left out, wrong colors are replaced, and no run at all can be shown', () => {
  assert.deepEqual(
    [...shownRuns('x~4,a~-1,b', ['a', 'b'], 9)],
    [
      ['a', 0],
      ['b', 1],
    ],
  );
  assert.equal(shownRuns(formatShown(new Map()), ['a'], 9).size, 0);
});
