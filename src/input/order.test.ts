import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ExampleOrder, permutation } from './order.ts';

test('every epoch contains every example exactly once', () => {
  const anywhere = [fc.nat(1000), fc.nat(1000), fc.integer({ min: 1, max: 300 })] as const;
  fc.assert(
    fc.property(...anywhere, (seed, epoch, count) => {
      const order = permutation(seed, epoch, count);
      assert.deepEqual(
        [...order].sort((a, b) => a - b),
        [...new Array(count).keys()],
      );
    }),
  );
});

test('every epoch and seed has its own order, which is always the same', () => {
  const orders = [permutation(0, 0, 50), permutation(0, 1, 50), permutation(1, 0, 50)].map(String);
  assert.equal(new Set(orders).size, 3);
  assert.equal(String(permutation(0, 1, 50)), orders[1]);
});

test('all orders of four examples are equally likely', () => {
  const times = new Map<string, number>();
  for (let epoch = 0; epoch < 12_000; epoch++) {
    const order = String(permutation(9, epoch, 4));
    times.set(order, (times.get(order) ?? 0) + 1);
  }
  // There are 24 orders, each expected 500 times, with a standard error of 22.
  assert.equal(times.size, 24);
  for (const count of times.values()) assert.ok(Math.abs(count - 500) < 110, `${count} times`);
});

test('the positions of a run are concatenated epochs, in whatever order they are accessed', () => {
  const order = new ExampleOrder(4, 10);
  const run = [0, 1, 2, 3].flatMap((epoch) => [...permutation(4, epoch, 10)]);
  const positions = [...run.keys()];
  for (const walk of [positions, positions.toReversed()])
    for (const position of walk) assert.equal(order.exampleAt(position), run[position]);
  assert.equal(order.epochAt(9), 0);
  assert.equal(order.epochAt(10), 1);
});

test('an order without examples is refused', () => {
  assert.throws(() => new ExampleOrder(0, 0), {
    name: 'RangeError',
    message: 'number of examples: found 0, expected at least 1',
  });
});
