/**
 * Classes of tensors that share a layout. oneDNN's convolutions are fast in layouts of their own, such as blocks of 16
 * channels, and a reorder costs as much as all elementwise operations of a layer. Tensors that are connected by elementwise
 * calls, pooling or the update of a variable therefore form a class. The first convolution that uses one of these tensors
 * chooses the layout of the class. Classes that no convolution uses are row-major.
 */
import { recordOf } from '../../ops/primitive-kinds.ts';
import type { Call, CallParameters, Slot } from '../../ops/primitives.ts';
import { sizeOf } from '../../tensor/tensor.ts';
import type { Layout, LayoutTable } from './layout-table.ts';
import { baseOf, type Program, readsOf, resultOf, writesOf } from './program.ts';
import { isVectorWork, keepsZeros } from './vector-work.ts';

/** The part of the table of layouts that classes need. */
export type PlainLayouts = Pick<LayoutTable, 'rowMajor' | 'channelsLast'>;

export class LayoutClasses {
  readonly #table: PlainLayouts;
  /** Memory that must be row-major: inputs, averages, memory that is read with different dims or copied in pieces (unless the pieces
   * need another order), and the operands of some broadcasts. */
  readonly #fixed = new Set<Slot>();
  /** Memory that must have the order [N, H, W, C]: results of copies in pieces that need it. */
  readonly #channelsLast = new Set<Slot>();
  readonly #parents = new Map<Slot, Slot>();
  /** Results of elementwise calls. The value says whether the layout of the result may be padded. */
  readonly #elementwise = new Map<Slot, boolean>();
  readonly #assigned = new Map<Slot, Layout>();
  /** For each call of a pooling gradient, the result of its forward call. */
  readonly #pooled = new Map<Call, Slot>();

  constructor(program: Program, table: PlainLayouts) {
    this.#table = table;
    for (const slot of program.inputs.values()) this.#fixed.add(slot);
    for (const call of program.calls) this.#fix(call);
    for (const call of program.calls) this.#unite(call, program);
    for (const [name, update] of program.results.update) {
      const variable = program.variables.get(name);
      if (variable !== undefined) this.#join(variable, update);
    }
  }

  /** Whether the layout of the slot is already decided. */
  isAssigned(slot: Slot): boolean {
    return this.#isFixed(slot) || this.#assigned.has(this.#classOf(slot));
  }

  /** Whether tensors in the class of the slot may have padding: all elementwise calls on them keep its zeros. */
  mayPad(slot: Slot): boolean {
    const found = this.#classOf(slot);
    return [...this.#elementwise].every(([result, mayPad]) => mayPad || this.#classOf(result) !== found);
  }

  /** Sets the layout of the class of the slot, unless it is already decided. */
  assign(slot: Slot, layout: Layout): void {
    if (!this.isAssigned(slot)) this.#assigned.set(this.#classOf(slot), layout);
  }

  /** Returns the layout of the slot. If its class has none yet, the class becomes row-major. */
  of(slot: Slot): Layout {
    if (this.#channelsLast.has(slot)) return this.#table.channelsLast(slot);
    const rowMajor = this.#table.rowMajor(slot);
    if (this.#isFixed(slot)) return rowMajor;
    this.assign(slot, rowMajor);
    return this.#assigned.get(this.#classOf(slot)) ?? rowMajor;
  }

  /** Returns the layout in which the forward call that belongs to a pooling gradient wrote its result, if there is one. */
  ofPooled(call: Call): Layout | undefined {
    const forward = this.#pooled.get(call);
    return forward && this.of(forward);
  }

  #isFixed(slot: Slot): boolean {
    return slot.base !== undefined || this.#fixed.has(slot) || this.#channelsLast.has(slot);
  }

  #fix(call: Call): void {
    for (const slot of [...readsOf(call), ...writesOf(call)]) {
      if (slot.base !== undefined) this.#fixed.add(baseOf(slot));
    }
    if (isSlowInBlocks(call)) this.#fixed.add(resultOf(call));
    if (recordOf(call.kind).choosesLayouts === 'rowMajor')
      for (const slot of writesOf(call)) this.#fixed.add(slot);
    const { pieces = [], channelsLast = false } = call.parameters;
    for (const { source, from, to } of pieces) {
      if (from !== undefined) this.#fixed.add(source);
      if (to !== undefined) (channelsLast ? this.#channelsLast : this.#fixed).add(resultOf(call));
    }
  }

  #unite(call: Call, program: Program): void {
    const { kind, reads, parameters, postOps } = call;
    if (recordOf(kind).choosesLayouts === 'shared' || parameters.follows) {
      const result = resultOf(call);
      const operands = postOps.flatMap((postOp) => ('operand' in postOp ? [postOp.operand] : []));
      for (const slot of [reads.src, reads.src1, reads.diffDst, ...operands])
        if (slot !== undefined) this.#join(result, slot);
      this.#elementwise.set(result, isVectorWork(call) && keepsZeros(call, program));
    }
    if (kind === 'pooling_backward') {
      const forward = program.calls.find((other) => isForwardOf(call, other));
      if (forward?.reads.src !== undefined) this.#join(resultOf(call), forward.reads.src);
      if (forward?.writes.dst !== undefined && reads.diffDst) {
        this.#join(forward.writes.dst, reads.diffDst);
        this.#pooled.set(call, forward.writes.dst);
      }
    }
  }

  #join(a: Slot, b: Slot): void {
    const same = a.type === b.type && a.dims.join() === b.dims.join();
    if (!same || this.#isFixed(a) || this.#isFixed(b)) return;
    const [first, second] = [this.#classOf(a), this.#classOf(b)];
    if (first !== second) this.#parents.set(first, second);
  }

  #classOf(slot: Slot): Slot {
    const parent = this.#parents.get(slot);
    return parent === undefined ? slot : this.#classOf(parent);
  }
}

/** Whether an operand is broadcast in a way that oneDNN supports in blocked layouts only with its reference code: anything
 * other than a single number, or a number per channel. */
function isSlowInBlocks({ kind, reads: { src1 }, writes: { dst } }: Call): boolean {
  if (kind !== 'binary' || src1 === undefined || dst?.dims.length !== 4) return false;
  const perChannel = dst.dims.map((size, axis) => (axis === 1 ? size : 1));
  return sizeOf(src1.dims) > 1 && ![dst.dims, perChannel].some((dims) => dims.join() === src1.dims.join());
}

/** Whether `forward` is the forward call of this pooling gradient: it wrote the workspace that the gradient reads, or it
 * pools tensors with the same dims in the same way. */
function isForwardOf({ reads, writes, parameters }: Call, forward: Call): boolean {
  if (forward.kind !== 'pooling_forward') return false;
  if (reads.workspace !== undefined) return forward.writes.workspace === reads.workspace;
  const pooled = (src: Slot | undefined, dst: Slot | undefined, { window, pooling }: CallParameters) =>
    JSON.stringify([src?.dims, dst?.dims, window, pooling]);
  return (
    pooled(forward.reads.src, forward.writes.dst, forward.parameters) ===
    pooled(writes.diffSrc, reads.diffDst, parameters)
  );
}
