/** A compiled program: primitives with the buffers that they read and write. The buffers do not have addresses yet. */
import type { Results } from '../../graph/results.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Layout } from './layout-table.ts';
import type { Handle } from './native/onednn.ts';

/** Memory that steps read and write. */
export interface Buffer {
  readonly name: string;
  readonly bytes: number;
  /** Whether the buffer keeps its contents between steps. */
  readonly persistent: boolean;
}
/** A tensor that a step reads or writes. */
export interface Access {
  readonly buffer: Buffer;
}
export interface Argument extends Access {
  /** The number that oneDNN gives to the argument (DNNL_ARG_…). */
  readonly number: number;
  readonly descriptor: Handle;
  /** The byte offset in the buffer. */
  readonly offset: number;
}
interface StepOf<A extends Access> {
  /** The operator (or an inserted operation such as `Reorder`) and the path of its node, for profiles. */
  readonly op: string;
  readonly name: string;
  /** The printed call, for errors. */
  readonly text: string;
  /** The names of the calls that were fused into this one. */
  readonly fused: readonly string[];
  /** The name of the code that the step runs. */
  readonly implementation: string;
  readonly reads: readonly A[];
  readonly writes: readonly A[];
  /** Whether the step is elementwise, so that a result may overwrite an operand that is not read later: a single result any
   * operand, one of several results only the operand at its position. */
  readonly inPlace: boolean;
  /** Whether the step is so small that one thread is faster than several. */
  readonly small: boolean;
  /** Whether the step only moves elements: a reorder, cast or copy. */
  readonly moves: boolean;
  /** Whether the step runs only when the session's step is watched. */
  readonly watched: boolean;
}
/** Runs a primitive. */
export interface PrimitiveStep extends StepOf<Argument> {
  readonly primitive: Handle;
  readonly scratchpad: Handle | undefined;
}
/** Averages values with other sessions: each result is the average of the operand at its position. All are row-major float32
 * tensors. */
export interface ExchangeStep extends StepOf<Access & { readonly elements: number }> {
  readonly primitive: 'exchange';
}
/** Ends the step unless all operands, which are float32 scalars, are finite. */
export interface FiniteStep extends StepOf<Access> {
  readonly primitive: 'finite_check';
}
export type Step = PrimitiveStep | ExchangeStep | FiniteStep;
/** The buffer of an input, variable or result, and the layout of the tensor in it. */
export interface Located {
  readonly buffer: Buffer;
  readonly layout: Layout;
  readonly rowMajor: Layout;
}
export interface Plan {
  /** Steps that run once: they reorder constants to the layouts that the other steps use. */
  readonly setup: readonly PrimitiveStep[];
  readonly steps: readonly Step[];
  readonly constants: ReadonlyMap<Buffer, Tensor>;
  readonly inputs: ReadonlyMap<string, Located>;
  readonly variables: ReadonlyMap<string, Located>;
  readonly results: Results<Located>;
}
