/**
 * The roof is the rate of the engine for plain matrix products, measured in the same run and precision with the same
 * threads. The share of the roof says how close the arithmetic of a step comes to that rate.
 */
import type { Engine } from '../engine/engine.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { float32 } from '../tensor/tensor.ts';

const side = 2048;
const runs = 20;

/** Returns the rate of the fastest of 20 products of two 2048 × 2048 matrices, in floating-point operations per second. */
export async function measureRoof(engine: Engine): Promise<number> {
  const builder = new GraphBuilder('roof');
  const type = { dtype: 'float32', shape: [side, side] } as const;
  const [a, b] = [builder.variable('a', type), builder.variable('b', type)];
  const y = builder.op('MatMul', { a, b }, { transposeA: false, transposeB: false }, 'product');
  // The graph returns a single element, so that copying the result does not count.
  builder.output('y', builder.op('StridedSlice', { x: y }, { begin: [0, 0], size: [1, 1], strides: [1, 1] }));
  const session = await engine.compile(builder.build(), { profiling: true });
  try {
    const ones = float32(type.shape, new Float32Array(side * side).fill(1));
    await session.write(
      new Map([
        ['a', ones],
        ['b', ones],
      ]),
    );
    const parts = await session.profile(new Map(), runs);
    const product = parts.filter(({ name }) => name.startsWith('product'));
    const millis = Math.max(...product.map(({ fastest }) => fastest));
    return (2 * side ** 3) / (millis / 1e3);
  } finally {
    await session.release();
  }
}
