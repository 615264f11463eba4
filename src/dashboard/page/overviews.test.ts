import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ScalarOverview } from '../wire.ts';
import { Overviews } from './overviews.ts';

const curve = (...steps: readonly number[]) => ({ steps, times: steps, values: steps.map((step) => -step) });
const overview = (...steps: readonly number[]): ScalarOverview => ({
  counts: { loss: steps.length },
  curves: { loss: curve(...steps) },
});
const stepsOf = (overviews: Overviews, tag = 'loss') =>
  overviews.known.get('run')?.get(tag)?.curve.steps ?? [];

test('points that arrive while an overview is under way are added to it', () => {
  const overviews = new Overviews();
  const number = overviews.request('run');
  assert.equal(overviews.add('run', { loss: curve(3), other: curve(3) }), false);
  overviews.add('run', { loss: curve(4, 5) });
  // The answer was made after the first message, and before the second.
  assert.equal(overviews.receive('run', number, overview(1, 2, 3, 4)), true);
  assert.deepEqual(stepsOf(overviews), [1, 2, 3, 4, 5]);
  assert.deepEqual(stepsOf(overviews, 'other'), [3]);
  assert.equal(overviews.known.get('run')?.get('loss')?.count, 5);
});

test('a repeated request does not remove points that are newer than its answer', () => {
  const overviews = new Overviews();
  overviews.receive('run', overviews.request('run'), overview(1, 2));
  const again = overviews.request('run');
  overviews.add('run', { loss: curve(3) });
  assert.deepEqual(stepsOf(overviews), [1, 2, 3]);
  overviews.receive('run', again, overview(1, 2));
  assert.deepEqual(stepsOf(overviews), [1, 2, 3]);
});

test('the answer to an earlier request, and to a run that was removed, is ignored', () => {
  const overviews = new Overviews();
  const [first, second] = [overviews.request('run'), overviews.request('run')];
  assert.equal(overviews.receive('run', first, overview(1)), false);
  assert.equal(overviews.receive('run', second, overview(1, 2)), true);
  assert.deepEqual(stepsOf(overviews), [1, 2]);
  const third = overviews.request('run');
  overviews.forget('run');
  assert.equal(overviews.receive('run', third, overview(9)), false);
  assert.equal(overviews.has('run'), false);
});

test('a request that failed can be repeated, and a known curve stays', () => {
  const overviews = new Overviews();
  overviews.fail('run', overviews.request('run'));
  assert.equal(overviews.has('run'), false);
  overviews.receive('run', overviews.request('run'), overview(1));
  overviews.fail('run', overviews.request('run'));
  assert.deepEqual(stepsOf(overviews), [1]);
});

test('tags may have the names that objects inherit', () => {
  const overviews = new Overviews();
  const tags = ['constructor', 'toString', '__proto__'];
  const number = overviews.request('run');
  overviews.receive('run', number, JSON.parse('{"counts":{},"curves":{}}') as ScalarOverview);
  const points = `{${tags.map((tag) => `"${tag}":{"steps":[1],"times":[1],"values":[1]}`).join()}}`;
  overviews.add('run', JSON.parse(points) as ScalarOverview['curves']);
  assert.deepEqual([...(overviews.known.get('run')?.keys() ?? [])], tags);
  for (const tag of tags) assert.deepEqual(stepsOf(overviews, tag), [1]);
});

test('a long curve is reduced, and its count is that of all points', () => {
  const overviews = new Overviews();
  overviews.receive('run', overviews.request('run'), overview(0));
  for (let step = 1; step <= 3000; step++) overviews.add('run', { loss: curve(step) });
  const found = overviews.known.get('run')?.get('loss');
  assert.equal(found?.count, 3001);
  assert.ok((found?.curve.steps.length ?? 0) <= 2000);
});
