/** A small training step that finds out what oneDNN can do on this machine. */
import { type PrimitiveKind, primitiveKinds, recordOf } from '../../ops/primitive-kinds.ts';
import { float32, scalar, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import type { PlacedKernel } from '../engine.ts';
import type { PrecisionOf } from '../offers.ts';
import { UnsupportedCall } from './describe.ts';
import { Execution } from './execution.ts';
import { type Gaps, noGaps } from './gaps.ts';
import { type ProbeSize, probeGraph } from './probe-graph.ts';

/** A step of the probe graph, ready to run. */
export interface TrialStep {
  /** What oneDNN lacks, which the step works around. */
  readonly gaps: Gaps;
  readonly kernels: readonly PlacedKernel[];
  /** Runs a step.
   * @throws Error when the step fails, or its loss is not that of an untrained network */
  readonly check: () => void;
  /** Runs a step and returns the time that convolutions, products and their gradients take, in milliseconds. */
  readonly time: () => number;
  readonly close: () => void;
}

/** Compiles the probe graph with the same code that compiles real training steps.
 * @throws UnsupportedCall when oneDNN does not support one of its matrix operations */
export function startTrial(precision: PrecisionOf<'onednn'>, size: ProbeSize = {}): TrialStep {
  const graph = probeGraph(size);
  const shape = graph.inputs.get('images')?.shape ?? [];
  const [batch = 1] = shape;
  const feeds = new Map<string, Tensor>([
    ['images', float32(shape, new Float32Array(sizeOf(shape)).fill(1))],
    [
      'labels',
      { dtype: 'int32', shape: [batch], data: Int32Array.from({ length: batch }, (_, i) => i % 10) },
    ],
    ['learning_rate', scalar(0.1)],
  ]);
  const compile = (gaps: Gaps) => new Execution(graph, 1, precision, { gaps });
  const { execution, gaps } = compileAroundGaps(compile, noGaps);
  return {
    gaps,
    kernels: execution.placement(),
    check: () => {
      const loss = Number(execution.step(feeds).get('loss')?.data[0]);
      if (!(Math.abs(loss - Math.log(10)) < 0.01)) throw new Error(`expected a loss of ln 10, found ${loss}`);
    },
    time: () =>
      execution
        .profile(feeds, 1)
        .filter(({ op }) => isMatrixWork(op))
        .reduce((sum, { millis }) => sum + millis, 0),
    close: () => execution.close(),
  };
}

type Compile = (gaps: Gaps) => Execution;

/** Compiles a step. If oneDNN lacks a kind of call in the 16-bit type, or is slow for chains, compiles it again without them. */
function compileAroundGaps(
  compile: Compile,
  gaps: Gaps,
): { readonly execution: Execution; readonly gaps: Gaps } {
  const compiled = compileOr(compile, gaps);
  if ('lacks' in compiled)
    return compileAroundGaps(compile, { ...gaps, kinds: [...gaps.kinds, ...compiled.lacks] });
  if (gaps.chains || !compiled.placement().some(isSlowChain)) return { execution: compiled, gaps };
  compiled.close();
  return compileAroundGaps(compile, { ...gaps, chains: true });
}

function compileOr(compile: Compile, gaps: Gaps): Execution | { readonly lacks: Gaps['kinds'] } {
  try {
    return compile(gaps);
  } catch (error) {
    if (!(error instanceof UnsupportedCall)) throw error;
    const { kind } = error;
    if (recordOf(kind).reduced !== 'follows' || gaps.kinds.includes(kind)) throw error;
    return { lacks: sameLayer(kind) };
  }
}

/** Returns the forward and backward kinds of a layer, which must compute in the same type. */
function sameLayer(kind: PrimitiveKind): readonly PrimitiveKind[] {
  const forward = recordOf(kind).hint ?? kind;
  return (Object.keys(primitiveKinds) as PrimitiveKind[]).filter(
    (other) => other === forward || recordOf(other).hint === forward,
  );
}

function isSlowChain({ kernel, fused, op }: PlacedKernel): boolean {
  return fused.length > 0 && !isMatrixWork(op) && isReference(kernel);
}

/** Whether the operator is a convolution or a product, or the gradient of one. */
export function isMatrixWork(op: string): boolean {
  return /^(?:Conv2D|MatMul)/.test(op);
}

/** Whether oneDNN runs reference code, which is hundreds of times slower than its other code. */
export function isReference(kernel: string): boolean {
  return /\bref\b/.test(kernel);
}
