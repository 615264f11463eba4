/** A graph as an ordered list of oneDNN primitive calls, before layouts are assigned. */
import { type Results, resultValues, withoutRole } from '../../graph/results.ts';
import type { Call, PostOp, Slot, Slots } from '../../ops/primitives.ts';
import type { Tensor } from '../../tensor/tensor.ts';

export interface Program {
  readonly name: string;
  readonly inputs: ReadonlyMap<string, Slot>;
  readonly variables: ReadonlyMap<string, Slot>;
  readonly constants: ReadonlyMap<Slot, Tensor>;
  readonly calls: readonly Call[];
  readonly results: Results<Slot>;
  /** Calls that run only in watched steps, each as soon as its operands exist. Passes do not count them as readers. */
  readonly watchedCalls: readonly Call[];
}

/** A pass that does not change what the program computes. */
export type ProgramPass = (program: Program) => Program;

/** Returns the slot that owns the memory of a slot. */
export function baseOf(slot: Slot): Slot {
  return slot.base === undefined ? slot : baseOf(slot.base);
}

/** Returns every slot that a call reads, including those of post-ops and pieces. */
export function readsOf({ reads, postOps, parameters }: Call): readonly Slot[] {
  return [
    ...Object.values(reads),
    ...postOps.flatMap((postOp) => ('operand' in postOp ? [postOp.operand] : [])),
    ...(parameters.pieces ?? []).map(({ source }) => source),
  ];
}

export function writesOf({ writes }: Call): readonly Slot[] {
  return Object.values(writes);
}

/** Returns the first slot that a call writes. This is its result. */
export function resultOf(call: Call): Slot {
  const [first] = writesOf(call);
  if (first === undefined) throw new TypeError(`${call.name} writes nothing`);
  return first;
}

/** Returns a call that also does the work of other calls, which it names in `fused`. */
export function fusedWith(call: Call, others: readonly Call[]): Call {
  const names = others.flatMap(({ name, fused = [] }) => [name, ...fused]);
  return { ...call, fused: [...(call.fused ?? []), ...names] };
}

/** Returns the call with `replace` applied to every slot that it reads or writes. */
export function withSlots(call: Call, replace: (slot: Slot) => Slot): Call {
  const all = (slots: Slots): Slots =>
    Object.fromEntries(Object.entries(slots).map(([argument, slot]) => [argument, replace(slot)]));
  const { pieces } = call.parameters;
  return {
    ...call,
    reads: all(call.reads),
    writes: all(call.writes),
    postOps: call.postOps.map(
      (postOp): PostOp => ('operand' in postOp ? { ...postOp, operand: replace(postOp.operand) } : postOp),
    ),
    parameters:
      pieces === undefined
        ? call.parameters
        : {
            ...call.parameters,
            pieces: pieces.map((piece) => ({ ...piece, source: replace(piece.source) })),
          },
  };
}

/** Returns the slots that every step must compute. None of them may be fused into its reader. */
export function stepResults({ results }: Program): ReadonlySet<Slot> {
  const slots = resultValues(withoutRole(results, 'watched'));
  return new Set(slots.flatMap((slot) => [slot, baseOf(slot)]));
}

/** Returns how often the memory of each slot is read, counted over all its aliases. */
export function readCounts({ calls }: Program): ReadonlyMap<Slot, number> {
  const counts = new Map<Slot, number>();
  for (const slot of calls.flatMap(readsOf)) counts.set(baseOf(slot), (counts.get(baseOf(slot)) ?? 0) + 1);
  return counts;
}

/** Prints a call:
 * `conv1/Conv2D: convolution_forward(src: images, weights: conv1/weights) → float32 [128, 64, 24, 24]`. */
export function printCall(call: Call): string {
  const operands = Object.entries(call.reads).map(([argument, slot]) => `${argument}: ${slot.name}`);
  const results = Object.values(call.writes).map(({ type, dims }) => `${type} [${dims.join(', ')}]`);
  const action = `${call.name}: ${actionOf(call)}(${operands.join(', ')})`;
  return results.length === 0 ? action : `${action} → ${results.join(', ')}`;
}

/** Prints the kind of a call and its post-ops: `convolution_forward + relu`. */
export function actionOf({ kind, postOps, parameters }: Call): string {
  const after = postOps.map((postOp) =>
    'operand' in postOp ? `${postOp.binary} ${postOp.operand.name}` : postOp.unary,
  );
  return [kind, ...(parameters.relu ? ['relu'] : []), ...after].join(' + ');
}
