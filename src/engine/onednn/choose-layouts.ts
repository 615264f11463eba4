/** Asks convolutions and pools for the layouts they are fastest in, in the order of the program. */
import { recordOf, type TensorArgument } from '../../ops/primitive-kinds.ts';
import type { Call, Slot } from '../../ops/primitives.ts';
import { sizeOf } from '../../tensor/tensor.ts';
import { describeCall } from './describe.ts';
import type { LayoutClasses } from './layout-classes.ts';
import type { Layout, LayoutTable } from './layout-table.ts';
import { elementSize } from './native/constants.ts';
import type { Handle, Onednn } from './native/onednn.ts';
import type { Program } from './program.ts';
import { isSmall, teamFor } from './small-work.ts';

/** What layouts are chosen with. */
export interface Choosing {
  readonly onednn: Onednn;
  readonly table: LayoutTable;
  readonly classes: LayoutClasses;
  /** Inputs are row-major whatever oneDNN would choose. */
  readonly inputs: ReadonlySet<Slot>;
}

/** Assigns the layouts that the calls choose; returns the primitive descriptors made on the way. */
export function chooseLayouts(program: Program, choosing: Choosing): ReadonlyMap<Call, Handle> {
  const descriptors = new Map<Call, Handle>();
  for (const call of program.calls) {
    choosing.onednn.setTeam(teamFor(isSmall(call)));
    const { choosesLayouts } = recordOf(call.kind);
    if (choosesLayouts === 'result') chooseResult(call, choosing);
    const chosen = choosesLayouts === 'all' ? chooseAll(call, choosing, true) : undefined;
    if (chosen !== undefined) descriptors.set(call, chosen);
  }
  return descriptors;
}

/** The primitive descriptor of a call of watched steps, with the layouts that it is fastest in. */
export function chooseForWatching(call: Call, choosing: Choosing): Handle | undefined {
  choosing.onednn.setTeam(teamFor(isSmall(call)));
  return recordOf(call.kind).choosesLayouts === 'all' ? chooseAll(call, choosing, false) : undefined;
}

function chooseResult(call: Call, { onednn, table, classes }: Choosing): void {
  const result = call.writes.dst;
  if (result === undefined) return;
  const descriptor = describeCall(onednn, call, (slot) =>
    slot === result && !classes.isAssigned(slot) ? table.any(slot) : classes.of(slot).descriptor,
  );
  const chosen = onednn.layout(descriptor, 'dst');
  const layout = chosen === undefined ? table.rowMajor(result) : table.of(chosen, table.rowMajor(result));
  classes.assign(result, mustNotPad(result, layout, classes) ? table.rowMajor(result) : layout);
}

/** @returns undefined where the call has to take the layouts of its neighbours. */
function chooseAll(call: Call, choosing: Choosing, assign: boolean): Handle | undefined {
  const { onednn, table, classes, inputs } = choosing;
  if (call.parameters.follows && call.reads.src && classes.isAssigned(call.reads.src)) return undefined;
  const descriptor = describeCall(onednn, call, (slot) =>
    inputs.has(slot) ? classes.of(slot).descriptor : table.any(slot),
  );
  const chosen = chosenLayouts(call, descriptor, choosing);
  const pads = chosen.some(({ slot, layout }) => mustNotPad(slot, layout, classes));
  for (const { slot, layout } of assign ? chosen : [])
    classes.assign(slot, pads ? table.rowMajor(slot) : layout);
  return pads ? undefined : descriptor;
}

function chosenLayouts({ reads, writes }: Call, descriptor: Handle, { onednn, table }: Choosing) {
  return [...Object.entries(reads), ...Object.entries(writes)].flatMap(([argument, slot]) => {
    const chosen = isBias(argument) ? undefined : onednn.layout(descriptor, argument as TensorArgument);
    return chosen === undefined ? [] : [{ slot, layout: table.of(chosen, table.rowMajor(slot)) }];
  });
}

/** Elementwise primitives take a tensor as a vector of its elements and would not keep padding (6 channels in a block of
 * 16) at zero. */
function mustNotPad(slot: Slot, { bytes }: Layout, classes: LayoutClasses): boolean {
  return bytes > sizeOf(slot.dims) * elementSize[slot.type] && classes.isElementwise(slot);
}

/** A convolution's bias is a vector, which has one layout. */
export function isBias(argument: string): boolean {
  return argument === 'bias' || argument === 'diffBias';
}
