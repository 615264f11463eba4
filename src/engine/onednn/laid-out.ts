/**
 * A program whose tensors have layouts: the representation used by the passes that assign layouts, insert reorders and make
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
  /** The name of the argument, or the index of the post-op whose second operand this is. */
  readonly argument: TensorArgument | number;
  readonly slot: Slot;
  /** The layout in which the call reads or writes the slot. */
  readonly layout: Layout;
  /** The descriptor of that memory for oneDNN: the layout's own, or one of a vector, a transpose or a part. */
  readonly descriptor: Handle;
  /** The part that is read or written; undefined for the whole tensor. */
  readonly part?: Part;
}

export interface Part {
  /** Index of the first element in the row-major tensor. */
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
  /** For a copy: one operand and one result per piece. */
  readonly reads: readonly Operand[];
  readonly writes: readonly Operand[];
  /** The primitive descriptor; copies and reorders have none yet. */
  readonly primitive: Handle | undefined;
  /** Elementwise: the result may overwrite an operand that is not read later. */
  readonly inPlace: boolean;
  /** So small that one thread is faster than several. */
  readonly small: boolean;
  /** Runs only in watched steps. */
  readonly watched: boolean;
}

/** A result and the layout in which it is returned. */
export interface LaidOutResult {
  readonly slot: Slot;
  readonly layout: Layout;
}

export interface LaidOutProgram {
  readonly name: string;
  /** `assigned`: a call may use an operand in another layout than its home. `reordered`: every operand is in the layout its
   * call uses, copies have become reorders, and watched calls are ordered among the others. */
  readonly stage: 'assigned' | 'reordered';
  readonly inputs: ReadonlyMap<string, Slot>;
  readonly variables: ReadonlyMap<string, Slot>;
  readonly constants: ReadonlyMap<Slot, Tensor>;
  /** The home layout of every slot with its own memory: the layout it is computed in. */
  readonly homes: ReadonlyMap<Slot, Layout>;
  /** Calls that run once: reorders of constants. */
  readonly setup: readonly LaidOutCall[];
  readonly calls: readonly LaidOutCall[];
  /** Calls of watched steps that are not ordered among the others yet. */
  readonly watchedCalls: readonly LaidOutCall[];
  readonly results: Results<LaidOutResult>;
}

/** A pass that does not change what the program computes. */
export type LaidOutPass = (program: LaidOutProgram) => LaidOutProgram;

export function isWhole({ part }: Operand): boolean {
  return part === undefined;
}

/** Whether memory in one layout can be read as another: equal layouts, or row-major ones with the same number of elements. */
export function readableAs(stored: Layout, wanted: Layout): boolean {
  if (stored === wanted) return true;
  const rowMajor = stored.text === 'row-major' && wanted.text === 'row-major';
  return rowMajor && stored.type === wanted.type && sizeOf(stored.dims) === sizeOf(wanted.dims);
}
