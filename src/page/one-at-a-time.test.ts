import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { OneAtATime } from './one-at-a-time.ts';

test('work begins when the work before it has ended, also if that failed', async () => {
  const queue = new OneAtATime();
  const events: string[] = [];
  const work = (name: string, millis: number) => async () => {
    events.push(`${name} begins`);
    await setTimeout(millis);
    events.push(`${name} ends`);
    if (name === 'a') throw new Error('a fails');
    return name;
  };
  const first = queue.run(work('a', 20));
  const second = queue.run(work('b', 1));
  await assert.rejects(first, /a fails/);
  assert.equal(await second, 'b');
  assert.deepEqual(events, ['a begins', 'a ends', 'b begins', 'b ends']);
});
