/**
 * A program whose tensors have layouts: the form between the passes that assign layouts, insert reorders and make
 * primitives. `print-program.ts` prints it, `check-program.ts` checks it.
 */
import type { Results } from '../../graph/results.ts';
import type { CallKind, TensorArgument } from '../../ops/primitive-kinds.ts';
import type { Slot } from '../../ops/primitives.ts';
import { sizeOf, type Tensor } from '../../tensor/tensor.ts';
import type { Layout } from './layout-table.ts';
import type { Handle } from './native/onednn.ts';

/** An operand or a result of a call. */
export interface Operand {
  /** A number is that of the post-op whose second operand it is. */
  readonly argument: TensorArgument | number;
  readonly slot: Slot;
  /** The layout in which the call reads or writes the slot. */
  readonly layout: Layout;
  /** The descriptor with which oneDNN takes that memory: the layout's own, or one of a vector, a transpose, a part. */
  readonly descriptor: Handle;
  /** The part that is read or written, where it is not the whole. */
  readonly part?: Part;
}

export interface Part {
  /** First element, counted in elements of the row-major tensor. */
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;
}

export interface LaidOutCall {
  readonly op: string;
  readonly name: string;
  readonly kind: CallKind | 'reorder';
  /** The kind with its post-ops, such as `convolution_forward + relu`. */
  readonly action: string;
  /** Of a copy: one operand and one result for each piece. */
  readonly reads: readonly Operand[];
  readonly writes: readonly Operand[];
  /** The primitive descriptor; copies and reorders have none yet. */
  readonly primitive: Handle | undefined;
  /** Elementwise: the result may be written over an operand that is not read later. */
  readonly inPlace: boolean;
  /** So little work that one thread does it faster than two can share it. */
  readonly small: boolean;
  /** Only watched steps run it. */
  readonly watched: boolean;
}

/** A result and the layout in which it is delivered. */
export interface LaidOutResult {
  readonly slot: Slot;
  readonly layout: Layout;
}

export interface LaidOutProgram {
  readonly name: string;
  /** `assigned`: a call may want an operand in another layout than it has. `reordered`: every operand lies as its call
   * wants, copies are reorders, and watched calls are in their place among the others. */
  readonly stage: 'assigned' | 'reordered';
  readonly inputs: ReadonlyMap<string, Slot>;
  readonly variables: ReadonlyMap<string, Slot>;
  readonly constants: ReadonlyMap<Slot, Tensor>;
  /** The home layout of every slot with memory of its own: how it lies when it is computed. */
  readonly homes: ReadonlyMap<Slot, Layout>;
  /** Run once: reorders of constants. */
  readonly setup: readonly LaidOutCall[];
  readonly calls: readonly LaidOutCall[];
  /** Calls of watched steps that have no place among the others yet. */
  readonly watching: readonly LaidOutCall[];
  readonly results: Results<LaidOutResult>;
}

/** A pass that keeps what the program computes. */
export type LaidOutPass = (program: LaidOutProgram) => LaidOutProgram;

export function isWhole({ part }: Operand): boolean {
  return part === undefined;
}

/** Whether memory in one layout can be read as the other: equal, or both row-major with the same elements. */
export function readableAs(stored: Layout, wanted: Layout): boolean {
  if (stored === wanted) return true;
  const rowMajor = stored.text === 'row-major' && wanted.text === 'row-major';
  return rowMajor && stored.type === wanted.type && sizeOf(stored.dims) === sizeOf(wanted.dims);
}
