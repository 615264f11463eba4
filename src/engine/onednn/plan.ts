/** A compiled program: primitives with the buffers they read and write, before buffers have addresses. */
import type { Results } from '../../graph/results.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Layout } from './layout-table.ts';
import type { Handle } from './native/onednn.ts';

/** Memory that steps read and write. */
export interface Buffer {
  readonly name: string;
  readonly bytes: number;
  /** Keeps its contents between steps. */
  readonly persistent: boolean;
}
export interface Argument {
  /** oneDNN's number of the argument (DNNL_ARG_…). */
  readonly number: number;
  readonly buffer: Buffer;
  readonly descriptor: Handle;
  /** Byte offset in the buffer. */
  readonly offset: number;
}
export interface Step {
  /** For profiles: the operator (or `Reorder`) and the path of its node. */
  readonly op: string;
  readonly name: string;
  /** The printed call, for errors. */
  readonly text: string;
  readonly primitive: Handle;
  readonly implementation: string;
  readonly reads: readonly Argument[];
  readonly writes: readonly Argument[];
  /** Elementwise: the result may overwrite an operand that is not read later. */
  readonly inPlace: boolean;
  /** So small that one thread is faster than several. */
  readonly small: boolean;
  /** Runs only in watched steps. */
  readonly watched: boolean;
  readonly scratchpad: Handle | undefined;
}
/** The buffer of an input, variable or result, and the layout of the tensor in it. */
export interface Located {
  readonly buffer: Buffer;
  readonly layout: Layout;
  readonly rowMajor: Layout;
}
export interface Plan {
  /** Runs once: reorders constants to the layouts that steps use. */
  readonly setup: readonly Step[];
  readonly steps: readonly Step[];
  readonly constants: ReadonlyMap<Buffer, Tensor>;
  readonly inputs: ReadonlyMap<string, Located>;
  readonly variables: ReadonlyMap<string, Located>;
  readonly results: Results<Located>;
}
