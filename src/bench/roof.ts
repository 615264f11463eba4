/**
 * The roof: the rate at which the engine does nothing but multiply matrices, in the same run, with the same threads.
 * A step cannot be faster than its arithmetic at that rate; the share of the roof says how near it comes.
 */
import type { Engine } from '../engine/engine.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { float32 } from '../tensor/tensor.ts';
import { timeRuns } from './statistics.ts';

const side = 2048;

/** The best of 20 products of two 2048 × 2048 matrices, in floating-point operations a second. */
export async function measureRoof(engine: Engine): Promise<number> {
  const builder = new GraphBuilder('roof');
  const type = { dtype: 'float32', shape: [side, side] } as const;
  const [a, b] = [builder.variable('a', type), builder.variable('b', type)];
  const y = builder.op('MatMul', { a, b }, { transposeA: false, transposeB: false });
  // One element comes back, so that copying the result is no part of the time.
  builder.output('y', builder.op('StridedSlice', { x: y }, { begin: [0, 0], size: [1, 1], strides: [1, 1] }));
  const session = await engine.compile(builder.build());
  try {
    const ones = float32(type.shape, new Float32Array(side * side).fill(1));
    await session.write(
      new Map([
        ['a', ones],
        ['b', ones],
      ]),
    );
    const times = await timeRuns(20, 3, () => session.step(new Map()));
    return (2 * side ** 3) / (Math.min(...times) / 1e3);
  } finally {
    await session.release();
  }
}
