/** Determines the layouts in which calls of kind `copy` read and write whole tensors or parts. Each piece of a copy has one
 * operand and one result. */
import type { Call, Piece, Slot, View } from '../../ops/primitives.ts';
import { sizeOf } from '../../tensor/tensor.ts';
import type { Operand } from './laid-out.ts';
import type { Layout, LayoutTable } from './layout-table.ts';
import { resultOf } from './program.ts';

export interface CopyContext {
  readonly watched: boolean;
  readonly table: LayoutTable;
  readonly wanted: (slot: Slot) => Layout;
  readonly home: (slot: Slot) => Layout;
}

/** Returns the operands and results of a copy. A whole tensor can be copied from any layout, a part only from row-major
 * memory. */
export function layOutCopy(
  call: Call,
  context: CopyContext,
): { readonly reads: readonly Operand[]; readonly writes: readonly Operand[] } {
  const { pieces = [] } = call.parameters;
  const result = resultOf(call);
  const isWhole = isWholeCopy(call);
  return {
    reads: pieces.map((piece) => (isWhole ? wholeSource(piece, result, context) : source(piece, context))),
    writes: pieces.map(({ source: { type }, to }) =>
      operand('dst', result, context.wanted(result), to, type, context),
    ),
  };
}

/** Whether a copy keeps all elements and their order. */
function isWholeCopy({ parameters: { pieces = [] } }: Call): boolean {
  return pieces.length === 1 && pieces.every(({ from, to }) => from === undefined && to === undefined);
}

/** Returns the operand of a copy of a whole tensor. A cast or a watched copy reads its source in whatever layout the source
 * has. Any other such copy shares the memory of its source, which therefore needs the layout of the result. */
function wholeSource(
  { source: slot }: Piece,
  result: Slot,
  { watched, table, wanted, home }: CopyContext,
): Operand {
  const own = slot.base === undefined ? home(slot) : table.rowMajor(slot);
  const layout = slot.type === result.type && !watched ? wanted(result) : own;
  return { argument: 'src', slot, layout, descriptor: layout.descriptor };
}

function source({ source: slot, from }: Piece, context: CopyContext): Operand {
  const layout = from === undefined ? context.wanted(slot) : context.table.rowMajor(slot);
  return operand('src', slot, layout, from, slot.type, context);
}

function operand(
  argument: 'src' | 'dst',
  slot: Slot,
  layout: Layout,
  view: View | undefined,
  type: Slot['type'],
  { table }: CopyContext,
): Operand {
  if (view === undefined) return { argument, slot, layout, descriptor: layout.descriptor };
  const { offset, dims, strides } = view;
  const descriptor = table.strided({ dims, type }, strides);
  return { argument, slot, layout, descriptor, part: { offset, size: sizeOf(dims) } };
}
