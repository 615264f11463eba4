import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measurePaired } from './paired.ts';

test('competitors alternate, and warm-up steps are not counted', async () => {
  const turns: string[] = [];
  const competitor = (title: string) => ({ title, run: async () => turns.push(title) });
  const results = await measurePaired([competitor('a'), competitor('b')], { rounds: 2, steps: 2, warmUp: 1 });
  assert.equal(turns.join(''), 'abaaabbbaaabbb');
  assert.deepEqual(
    results.map(({ title }) => title),
    ['a', 'b'],
  );
});

test('timesFirst is the median of the ratios in all rounds', async () => {
  const wait = (millis: number) => () => new Promise((resolve) => setTimeout(resolve, millis));
  const [first, second] = await measurePaired(
    [
      { title: 'slow', run: wait(40) },
      { title: 'fast', run: wait(4) },
    ],
    { rounds: 3, steps: 1, warmUp: 0 },
  );
  assert.equal(first?.timesFirst, 1);
  assert.ok((second?.timesFirst ?? 0) > 1.2, String(second?.timesFirst));
});
