/** Estimates how fast an engine is with a graph: times a few steps. */
import type { Graph } from '../graph/graph.ts';
import { sizeOf, type Tensor, type TensorType, zeros } from '../tensor/tensor.ts';
import type { Engine, Tensors } from './engine.ts';

/** A graph, and the values that its variables start with. Variables without a value start as zeros. */
export interface TimedGraph {
  readonly graph: Graph;
  readonly variables?: Tensors;
}

export interface TimingOptions {
  /** The number of timed steps, of which the fastest counts. Default: 3 */
  readonly steps?: number;
  /** After this time in milliseconds, no further step begins. At least one step is timed. Default: no limit */
  readonly limit?: number;
  /** Called after every step. */
  readonly onStep?: () => void;
}

/** Returns the time of the fastest of a few steps in milliseconds. A step before them, which is slower, does not count.
 * @throws RunError when the engine rejects the graph or fails */
export async function timeSteps(
  engine: Engine,
  { graph, variables }: TimedGraph,
  { steps = 3, limit = Infinity, onStep = () => undefined }: TimingOptions = {},
): Promise<number> {
  const feeds: Tensors = new Map(
    [...graph.inputs].map(([name, type]): [string, Tensor] => [name, trialTensor(type)]),
  );
  const session = await engine.compile(graph);
  try {
    if (variables !== undefined) await session.write(variables);
    const begun = performance.now();
    await session.step(feeds);
    onStep();
    let fastest = Infinity;
    for (let step = 0; step < steps; step++) {
      const start = performance.now();
      if (step > 0 && start - begun > limit) break;
      await session.step(feeds);
      fastest = Math.min(fastest, performance.now() - start);
      onStep();
    }
    return fastest;
  } finally {
    await session.release();
  }
}

/** Returns values for an input. They do not affect the time, but they must be suitable: labels are 0 or 1, and values are finite. */
function trialTensor({ dtype, shape }: TensorType): Tensor {
  const size = sizeOf(shape);
  if (dtype === 'int32') return { dtype, shape, data: Int32Array.from({ length: size }, (_, i) => i % 2) };
  if (dtype !== 'float32') return zeros({ dtype, shape });
  const value = (index: number) => (shape.length === 0 ? 0.01 : (index % 3) - 1);
  return { dtype, shape, data: Float32Array.from({ length: size }, (_, index) => value(index)) };
}
