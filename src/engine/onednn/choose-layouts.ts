/** Lets convolutions and pools choose the layouts in which they are fastest, in the order of the program. */
import { recordOf, type TensorArgument } from '../../ops/primitive-kinds.ts';
import type { Call, LikeDirect, Slot } from '../../ops/primitives.ts';
import { type Shape, sizeOf } from '../../tensor/tensor.ts';
import { describeCall } from './describe.ts';
import type { LayoutClasses } from './layout-classes.ts';
import type { Layout, LayoutTable } from './layout-table.ts';
import { elementSize } from './native/constants.ts';
import type { Handle, Onednn } from './native/onednn.ts';
import { type Program, resultOf } from './program.ts';
import { isSmall, teamFor } from './small-work.ts';

/** What the functions that choose and assign layouts share. */
export interface LayoutContext {
  readonly onednn: Onednn;
  readonly table: LayoutTable;
  readonly classes: LayoutClasses;
  /** Inputs stay row-major even if oneDNN would choose another layout. */
  readonly inputs: ReadonlySet<Slot>;
}

/** Asks oneDNN for the layouts of those calls whose primitives choose layouts, such as convolutions, and assigns these layouts to
 * the operands. Returns the primitive descriptors that were created to find the layouts. */
export function chooseLayouts(program: Program, context: LayoutContext): ReadonlyMap<Call, Handle> {
  const descriptors = new Map<Call, Handle>();
  for (const call of program.calls) {
    context.onednn.setTeam(teamFor(isSmall(call)));
    const { choosesLayouts } = recordOf(call.kind);
    if (choosesLayouts === 'result') chooseResult(call, context);
    if (call.parameters.likeDirect !== undefined) chooseLikeDirect(call, call.parameters.likeDirect, context);
    const chosen = choosesLayouts === 'all' ? chooseAll(call, context, true) : undefined;
    if (chosen !== undefined) descriptors.set(call, chosen);
  }
  return descriptors;
}

/** Returns the primitive descriptor of a watched call, with the layouts in which it is fastest. Returns undefined if the call
 * must use given layouts. */
export function chooseForWatchedCall(call: Call, context: LayoutContext): Handle | undefined {
  context.onednn.setTeam(teamFor(isSmall(call)));
  return recordOf(call.kind).choosesLayouts === 'all' ? chooseAll(call, context, false) : undefined;
}

function chooseResult(call: Call, { onednn, table, classes }: LayoutContext): void {
  const result = call.writes.dst;
  if (result === undefined) return;
  const descriptor = describeCall(onednn, call, (slot) =>
    slot === result && !classes.isAssigned(slot) ? table.any(slot) : classes.of(slot).descriptor,
  );
  const chosen = onednn.layout(descriptor, 'dst');
  const layout = chosen === undefined ? table.rowMajor(result) : table.of(chosen, table.rowMajor(result));
  classes.assign(result, mustNotPad('dst', result, layout, classes) ? table.rowMajor(result) : layout);
}

/** Assigns to the result of a call the layout that oneDNN would choose for it in a direct convolution. */
function chooseLikeDirect(
  call: Call,
  { x, filter, window, argument }: LikeDirect,
  { onednn, table, classes }: LayoutContext,
): void {
  const result = resultOf(call);
  const [[n = 1], [o = 1]] = [x, filter];
  const slot = (name: string, dims: Shape): Slot => ({ name, dims, type: result.type });
  const convolution: Call = {
    ...call,
    kind: 'convolution_forward',
    reads: { src: slot('x', x), weights: slot('filter', filter) },
    writes: { dst: slot('y', [n, o, ...x.slice(2)]) },
    parameters: { window },
  };
  const descriptor = describeCall(onednn, convolution, (operand) => table.any(operand));
  const chosen = onednn.layout(descriptor, argument);
  const layout = chosen === undefined ? table.rowMajor(result) : table.of(chosen, table.rowMajor(result));
  classes.assign(result, mustNotPad(argument, result, layout, classes) ? table.rowMajor(result) : layout);
}

/** Lets oneDNN choose all layouts of a call. Assigns them to their slots if `assign` is set.
 * @returns the primitive descriptor, or undefined if the call must use the layouts of adjacent calls */
function chooseAll(call: Call, context: LayoutContext, assign: boolean): Handle | undefined {
  const { onednn, table, classes, inputs } = context;
  if (call.parameters.follows && call.reads.src && classes.isAssigned(call.reads.src)) return undefined;
  const descriptor = describeCall(onednn, call, (slot) =>
    inputs.has(slot) ? classes.of(slot).descriptor : table.any(slot),
  );
  const chosen = chosenLayouts(call, descriptor, context);
  const pads = chosen.some(({ argument, slot, layout }) => mustNotPad(argument, slot, layout, classes));
  for (const { slot, layout } of assign ? chosen : [])
    classes.assign(slot, pads ? table.rowMajor(slot) : layout);
  return pads ? undefined : descriptor;
}

function chosenLayouts({ reads, writes }: Call, descriptor: Handle, { onednn, table }: LayoutContext) {
  return [...Object.entries(reads), ...Object.entries(writes)].flatMap(([argument, slot]) => {
    const chosen = isBias(argument) ? undefined : onednn.layout(descriptor, argument as TensorArgument);
    return chosen === undefined ? [] : [{ argument, slot, layout: table.of(chosen, table.rowMajor(slot)) }];
  });
}

/** Whether a layout with padding (such as 6 channels in a block of 16) is ruled out: elementwise primitives treat a tensor
 * as a vector of all its elements, and some would overwrite the zeros of the padding. A filter whose layout is already decided is
 * reordered for the call, and has that layout only there. */
function mustNotPad(argument: string, slot: Slot, { bytes }: Layout, classes: LayoutClasses): boolean {
  if (bytes <= sizeOf(slot.dims) * elementSize[slot.type] || classes.mayPad(slot)) return false;
  const isFilter = argument === 'weights' || argument === 'diffWeights';
  return !(isFilter && classes.isAssigned(slot));
}

/** Whether an argument is the bias of a convolution, a vector that has only one layout. */
export function isBias(argument: string): boolean {
  return argument === 'bias' || argument === 'diffBias';
}
