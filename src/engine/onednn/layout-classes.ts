/**
 * Classes of tensors that share a layout. oneDNN's convolutions are fast in layouts of their own, such as blocks of 16
 * channels, and a reorder costs as much as all elementwise operations of a layer. Tensors connected by elementwise calls,
 * pooling or a variable's update form a class, and the first convolution that uses one of them chooses the layout of the
 * class. Classes that no convolution uses are row-major.
 */
import { recordOf } from '../../ops/primitive-kinds.ts';
import type { Call, Slot } from '../../ops/primitives.ts';
import type { Layout, RowMajorLayouts } from './layout-table.ts';
import { baseOf, type Program, readsOf, resultOf, writesOf } from './program.ts';

export class LayoutClasses {
  readonly #table: RowMajorLayouts;
  /** Memory that must be row-major: inputs, memory read under other dims, and memory copied in pieces. */
  readonly #fixed = new Set<Slot>();
  readonly #parents = new Map<Slot, Slot>();
  /** Results of elementwise calls. */
  readonly #elementwise = new Set<Slot>();
  readonly #assigned = new Map<Slot, Layout>();

  constructor(program: Program, table: RowMajorLayouts) {
    this.#table = table;
    for (const slot of program.inputs.values()) this.#fixed.add(slot);
    for (const call of program.calls) this.#fix(call);
    for (const call of program.calls) this.#unite(call, program);
    for (const [name, update] of program.results.update) {
      const variable = program.variables.get(name);
      if (variable !== undefined) this.#join(variable, update);
    }
  }

  /** Whether the slot's layout is decided. */
  isAssigned(slot: Slot): boolean {
    return this.#isFixed(slot) || this.#assigned.has(this.#classOf(slot));
  }

  /** Whether elementwise calls read or write the class of the slot. */
  isElementwise(slot: Slot): boolean {
    const found = this.#classOf(slot);
    return [...this.#elementwise].some((other) => this.#classOf(other) === found);
  }

  /** Sets the layout of the slot's class, unless it is decided. */
  assign(slot: Slot, layout: Layout): void {
    if (!this.isAssigned(slot)) this.#assigned.set(this.#classOf(slot), layout);
  }

  /** The layout of the slot. If its class has none, this decides on row-major. */
  of(slot: Slot): Layout {
    const rowMajor = this.#table.rowMajor(slot);
    if (this.#isFixed(slot)) return rowMajor;
    this.assign(slot, rowMajor);
    return this.#assigned.get(this.#classOf(slot)) ?? rowMajor;
  }

  #isFixed(slot: Slot): boolean {
    return slot.base !== undefined || this.#fixed.has(slot);
  }

  #fix(call: Call): void {
    for (const slot of [...readsOf(call), ...writesOf(call)]) {
      if (slot.base !== undefined) this.#fixed.add(baseOf(slot));
    }
    const pieces = call.parameters.pieces ?? [];
    for (const { source, from, to } of pieces) {
      if (from !== undefined) this.#fixed.add(source);
      if (to !== undefined) this.#fixed.add(resultOf(call));
    }
  }

  #unite(call: Call, { calls }: Program): void {
    const { kind, reads, parameters, postOps } = call;
    const result = resultOf(call);
    if (recordOf(kind).choosesLayouts === 'shared' || parameters.follows) {
      const operands = postOps.flatMap((postOp) => ('operand' in postOp ? [postOp.operand] : []));
      for (const slot of [reads.src, reads.src1, reads.diffDst, ...operands])
        if (slot !== undefined) this.#join(result, slot);
      this.#elementwise.add(result);
    }
    if (kind === 'pooling_backward' && reads.workspace !== undefined) {
      const forward = calls.find((other) => other.writes.workspace === reads.workspace);
      if (forward?.reads.src !== undefined) this.#join(result, forward.reads.src);
      if (forward?.writes.dst !== undefined && reads.diffDst) this.#join(forward.writes.dst, reads.diffDst);
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
