/** What a program becomes: primitives with the buffers they read and write. Nothing has an address yet. */
import type { Results } from '../../graph/results.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Layout } from './layout-table.ts';
import type { Handle } from './native/onednn.ts';

/** Memory that steps read and write. A kept one lives from step to step of training. */
export interface Buffer {
  readonly name: string;
  readonly bytes: number;
  readonly kept: boolean;
}
export interface Argument {
  /** oneDNN's number of the argument. */
  readonly number: number;
  readonly buffer: Buffer;
  readonly descriptor: Handle;
  /** Bytes from the start of the buffer. */
  readonly offset: number;
}
export interface Step {
  /** What it does, for profiles: the operator, or `Reorder`, and the node's path. */
  readonly op: string;
  readonly name: string;
  /** The printed call, for errors. */
  readonly text: string;
  readonly primitive: Handle;
  readonly implementation: string;
  readonly reads: readonly Argument[];
  readonly writes: readonly Argument[];
  /** Elementwise: the result may be written over an operand that is not read later. */
  readonly inPlace: boolean;
  /** So little work that one thread does it faster than two can share it. */
  readonly small: boolean;
  /** Run in watched steps only. */
  readonly watched: boolean;
  readonly scratchpad: Handle | undefined;
}
/** The buffer of an input, a variable or a result, and how the tensor lies in it. */
export interface Located {
  readonly buffer: Buffer;
  readonly layout: Layout;
  readonly rowMajor: Layout;
}
export interface Plan {
  /** Run once: constants in the layouts that steps want. */
  readonly setup: readonly Step[];
  readonly steps: readonly Step[];
  readonly constants: ReadonlyMap<Buffer, Tensor>;
  readonly inputs: ReadonlyMap<string, Located>;
  readonly variables: ReadonlyMap<string, Located>;
  readonly results: Results<Located>;
}
