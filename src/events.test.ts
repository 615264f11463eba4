import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { EventQueue } from './events.ts';

/** Returns the events of a generator, and its return value or the error that it threw. */
async function drained<E, T>(generator: AsyncGenerator<E, T, void>) {
  const events: E[] = [];
  try {
    for (;;) {
      const next = await generator.next();
      if (next.done === true) return { events, value: next.value };
      events.push(next.value);
    }
  } catch (error) {
    return { events, error };
  }
}

describe('a queue of events', () => {
  test('yields the events that are reported before and during the work, in order, and returns the result of the work', async () => {
    const queue = new EventQueue<number>();
    queue.push(1);
    const work = (async () => {
      queue.push(2);
      await new Promise((resolve) => setTimeout(resolve, 5));
      queue.push(3);
      queue.push(4);
      return 'done';
    })();
    assert.deepEqual(await drained(queue.during(work)), { events: [1, 2, 3, 4], value: 'done' });
  });

  test('yields an event while the work is still waiting for something else', async () => {
    const queue = new EventQueue<string>();
    let finish: () => void = () => undefined;
    const generator = queue.during(
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
    );
    setTimeout(() => queue.push('progress'), 1);
    assert.deepEqual(await generator.next(), { done: false, value: 'progress' });
    finish();
    assert.deepEqual(await generator.next(), { done: true, value: undefined });
  });

  test('throws the error of the work after the events that were reported before it', async () => {
    const queue = new EventQueue<number>();
    const failure = new Error('failed');
    const work = (async () => {
      queue.push(1);
      await Promise.resolve();
      throw failure;
    })();
    assert.deepEqual(await drained(queue.during(work)), { events: [1], error: failure });
  });

  test('leaves no rejection unhandled if its consumer ends early', async () => {
    const queue = new EventQueue<number>();
    queue.push(1);
    const generator = queue.during(
      new Promise((_, reject) => setTimeout(() => reject(new Error('late')), 1)),
    );
    await generator.next();
    await generator.return(undefined);
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
});
