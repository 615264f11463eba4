/** Copies of whole tensors and of pieces, with the layouts they read and write: one operand and one result a piece. */
import type { Call, Piece, Slot, View } from '../../ops/primitives.ts';
import { sizeOf } from '../../tensor/tensor.ts';
import type { Operand } from './laid-out.ts';
import type { Layout, LayoutTable } from './layout-table.ts';
import { resultOf } from './program.ts';

export interface Copying {
  readonly watched: boolean;
  readonly table: LayoutTable;
  readonly wanted: (slot: Slot) => Layout;
  readonly home: (slot: Slot) => Layout;
}

/** The operands of a copy. A copy of the whole reads its source in whatever layout that has; a piece of a tensor is cut
 * from row-major memory. */
export function layOutCopy(
  call: Call,
  copying: Copying,
): { readonly reads: readonly Operand[]; readonly writes: readonly Operand[] } {
  const { pieces = [] } = call.parameters;
  const result = resultOf(call);
  const isWhole = isWholeCopy(call);
  return {
    reads: pieces.map((piece) => (isWhole ? wholeSource(piece, result, copying) : source(piece, copying))),
    writes: pieces.map(({ source: { type }, to }) =>
      operand('dst', result, copying.wanted(result), to, type, copying),
    ),
  };
}

/** Whether a copy changes neither elements nor their order. */
function isWholeCopy({ parameters: { pieces = [] } }: Call): boolean {
  return pieces.length === 1 && pieces.every(({ from, to }) => from === undefined && to === undefined);
}

/** A cast or a copy to watch reads its source in the layout it has; any other copy shares the memory of its source, which is
 * wanted in the layout of the result. */
function wholeSource(
  { source: slot }: Piece,
  result: Slot,
  { watched, table, wanted, home }: Copying,
): Operand {
  const own = slot.base === undefined ? home(slot) : table.rowMajor(slot);
  const layout = slot.type === result.type && !watched ? wanted(result) : own;
  return { argument: 'src', slot, layout, descriptor: layout.descriptor };
}

function source({ source: slot, from }: Piece, copying: Copying): Operand {
  const layout = from === undefined ? copying.wanted(slot) : copying.table.rowMajor(slot);
  return operand('src', slot, layout, from, slot.type, copying);
}

function operand(
  argument: 'src' | 'dst',
  slot: Slot,
  layout: Layout,
  view: View | undefined,
  type: Slot['type'],
  { table }: Copying,
): Operand {
  if (view === undefined) return { argument, slot, layout, descriptor: layout.descriptor };
  const { offset, dims, strides } = view;
  const descriptor = table.strided({ dims, type }, strides);
  return { argument, slot, layout, descriptor, part: { offset, size: sizeOf(dims) } };
}
