/** The kernels that an engine chooses for the matrix operations of a training step. */
import type { Engine, PlacedKernel } from '../engine/engine.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { buildTrainingGraph } from '../training/training-graph.ts';

/** A kernel, and the operators that it computes. */
export interface MatrixKernel {
  /** The name that the engine's library gives to the code, such as `jit:avx512_core`. */
  readonly kernel: string;
  readonly ops: readonly string[];
}

const smallBatch = 8;

/** Compiles a step of the tutorial's network, and returns the kernels of convolutions, products and their gradients.
 * @throws RunError when the engine fails */
export async function matrixKernels(engine: Engine): Promise<readonly MatrixKernel[]> {
  const { graph } = buildTrainingGraph({
    network: tutorialNetwork(10),
    batchSize: smallBatch,
    hyperparameters: tutorialHyperparameters,
  });
  const session = await engine.compile(graph);
  try {
    return byKernel(await session.placement());
  } finally {
    await session.release();
  }
}

/** Groups the matrix operations by kernel, both in the order of the step. */
export function byKernel(placed: readonly PlacedKernel[]): readonly MatrixKernel[] {
  const found = new Map<string, Set<string>>();
  for (const { op, kernel } of placed) {
    if (!/^(?:Conv|MatMul|Gemm|FusedConv|FusedMatMul|FusedGemm)/.test(op)) continue;
    const ops = found.get(kernel) ?? new Set();
    found.set(kernel, ops.add(op));
  }
  return [...found].map(([kernel, ops]) => ({ kernel, ops: [...ops] }));
}
