/**
 * A program whose tensors have layouts. The passes that assign layouts, insert reorders and make primitives work on this
 * form. `print-program.ts` prints it, and `check-program.ts` checks it.
 */
import type { Results } from '../../graph/results.ts';
import type { CallKind, NamedArgument, TensorArgument } from '../../ops/primitive-kinds.ts';
import type { Slot } from '../../ops/primitives.ts';
import { sizeOf, type Tensor } from '../../tensor/tensor.ts';
import type { Layout } from './layout-table.ts';
import type { Handle } from './native/onednn.ts';

/** An operand or a result of a call. */
export interface Operand {
  /** The name of the argument, or the index of the post-op whose second operand this is. */
  readonly argument: TensorArgument | NamedArgument | number;
  readonly slot: Slot;
  /** The layout in which the call reads or writes the slot. */
  readonly layout: Layout;
  /** oneDNN's memory descriptor of the operand: that of its layout, or one for a vector, a transpose or a part. */
  readonly descriptor: Handle;
  /** The part that is read or written, or undefined if the whole tensor is read or written. */
  readonly part?: Part;
}

export interface Part {
  /** Index of the first element in memory. */
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;
}

export interface LaidOutCall {
  readonly op: string;
  readonly name: string;
  readonly kind: CallKind | 'reorder';
  /** The kind of the call with its post-ops, such as `convolution_forward + relu`. */
  readonly action: string;
  /** The operands and results. A copy has one of each per piece. */
  readonly reads: readonly Operand[];
  readonly writes: readonly Operand[];
  /** The primitive descriptor. Copies and reorders do not have one yet, and the exchange has none. */
  readonly primitive: Handle | undefined;
  /** Whether the call is elementwise, so that its result may overwrite an operand that is not read later. Each result of an
   * exchange may only overwrite the operand at its position. */
  readonly inPlace: boolean;
  /** Whether the call is so small that one thread is faster than several. */
  readonly small: boolean;
  /** The names of the calls that were fused into this one. */
  readonly fused: readonly string[];
  /** Whether the call runs only in watched steps. */
  readonly watched: boolean;
}

/** A result and the layout in which it is returned. */
export interface LaidOutResult {
  readonly slot: Slot;
  readonly layout: Layout;
}

export interface LaidOutProgram {
  readonly name: string;
  /** The stage of the program. `assigned`: a call may use an operand in a layout other than its home layout.
   * `reordered`: every operand is in the layout that its call uses, copies have become reorders, and watched calls have
   * their places among the others. */
  readonly stage: 'assigned' | 'reordered';
  readonly inputs: ReadonlyMap<string, Slot>;
  readonly variables: ReadonlyMap<string, Slot>;
  readonly constants: ReadonlyMap<Slot, Tensor>;
  /** The home layout of every slot that has its own memory. The slot is stored in this layout when it is computed. */
  readonly homes: ReadonlyMap<Slot, Layout>;
  /** Calls that run only once: reorders of constants. */
  readonly setup: readonly LaidOutCall[];
  readonly calls: readonly LaidOutCall[];
  /** Calls of watched steps that do not have their places among the others yet. */
  readonly watchedCalls: readonly LaidOutCall[];
  readonly results: Results<LaidOutResult>;
}

/** A pass that does not change what the program computes. */
export type LaidOutPass = (program: LaidOutProgram) => LaidOutProgram;

export function isWhole({ part }: Operand): boolean {
  return part === undefined;
}

/** Whether memory in one layout can be read as another: the layouts are equal, or both are row-major with the
 * same number of elements. */
export function readableAs(stored: Layout, wanted: Layout): boolean {
  if (stored === wanted) return true;
  const rowMajor = stored.text === 'row-major' && wanted.text === 'row-major';
  return rowMajor && stored.type === wanted.type && sizeOf(stored.dims) === sizeOf(wanted.dims);
}
