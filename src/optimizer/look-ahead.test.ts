import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphBuilder } from '../ops/builder.ts';
import { float32, float32Data, scalar } from '../tensor/tensor.ts';
import { engines } from '../testing/engines.ts';
import { lookAhead, lookAheadName, lookAheadScalars } from './look-ahead.ts';

const options = { lookAheadSteps: 3, lookAheadDecay: 0.9, decaySteps: 8 };

test('look-ahead is due every few updates and at the end, with a decay that grows with the cube of the progress', () => {
  const found = Array.from({ length: 10 }, (_, index) => lookAheadScalars(index + 1, options));
  assert.deepEqual(
    found.map((scalars) => scalars['look_ahead_kept']),
    [1, 1, 0, 1, 1, 0, 1, 0, 0, 1],
  );
  const decays = found.map((scalars) => Number(scalars['look_ahead_decay']?.toFixed(9)));
  const at = (update: number) => Number((0.9 ** 3 * (update / 8) ** 3).toFixed(9));
  assert.deepEqual(decays, [1, 1, at(3), 1, 1, at(6), 1, 1, Number((0.9 ** 3).toFixed(9)), 1]);
  assert.deepEqual(lookAheadScalars(3, { ...options, lookAheadSteps: 0 }), {});
  assert.equal(lookAheadScalars(3, { ...options, decaySteps: 0 })['look_ahead_decay'], 0.9 ** 3);
});

for (const { name, skip, create } of engines)
  test(`variables and slow copies follow the formula on ${name}, and are unchanged to the bit between look-aheads`, {
    skip,
  }, async () => {
    const builder = new GraphBuilder('look_ahead');
    const after = lookAhead(builder, options);
    const variable = builder.variable('x', { dtype: 'float32', shape: [4] });
    const added = builder.op('Add', { a: variable, b: builder.input('added', variable) });
    builder.update(variable, after(variable, added));
    builder.output('sum', added);
    const start = Float32Array.of(0.1, -2, 3e-5, 700);
    const session = await create(1).compile(builder.build());
    try {
      await session.write(
        new Map([
          ['x', float32([4], start)],
          [lookAheadName('x'), float32([4], start)],
        ]),
      );
      let [fast, slow] = [Array.from(start), Array.from(start)];
      for (let update = 1; update <= 8; update++) {
        const change = Float32Array.from(start, (value, i) => value * 0.1 * (i + 1) + update);
        const scalars = lookAheadScalars(update, options);
        const feeds = Object.entries(scalars).map(([input, value]) => [input, scalar(value)] as const);
        await session.step(new Map([...feeds, ['added', float32([4], change)]]));
        const { look_ahead_decay: decay = 1, look_ahead_kept: kept = 1 } = scalars;
        fast = fast.map((value, i) => Math.fround(value + (change[i] ?? 0)));
        const before = slow;
        slow = slow.map((value, i) => decay * value + (1 - decay) * (fast[i] ?? 0));
        if (kept === 0) fast = slow;
        const read = await session.read();
        const [x, copy] = ['x', lookAheadName('x')].map((one) => {
          const tensor = read.get(one);
          return tensor === undefined ? [] : Array.from(float32Data(tensor));
        });
        if (kept === 1) {
          assert.deepEqual(x, fast, `update ${update}`);
          assert.deepEqual(copy, before, `update ${update}`);
        }
        near(x, fast);
        near(copy, slow);
        [fast, slow] = [x ?? [], copy ?? []];
      }
      assert.ok(fast.every((value, i) => Math.abs(value - (slow[i] ?? 0)) <= 1e-6 * Math.abs(value)));
    } finally {
      await session.release();
    }
  });

function near(found: readonly number[] | undefined, expected: readonly number[]): void {
  assert.equal(found?.length, expected.length);
  for (const [i, value] of expected.entries())
    assert.ok(
      Math.abs((found?.[i] ?? Number.NaN) - value) <= 1e-6 * Math.abs(value),
      `${found}, expected ${expected}`,
    );
}
