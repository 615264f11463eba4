/**
 * Which layout every tensor has. oneDNN's convolutions are fast in layouts of their own, blocks of 16 channels for
 * example, and a copy from one layout to another costs as much as a layer's elementwise work. So tensors that meet in
 * elementwise work, in pooling and in a variable's update are of one class, and the class takes the layout that the
 * first convolution that touches one of them likes best. Classes that no convolution touches are row-major.
 */
import type { Call, Slot } from '../../ops/primitives.ts';
import { stridesOf } from '../../ops/primitives.ts';
import type { Handle, Onednn } from './native/onednn.ts';
import { baseOf, type Program, readsOf, resultOf, writesOf } from './program.ts';

export class Layouts {
  readonly #onednn: Onednn;
  /** Memory that must be row-major: fed, seen under other dims, or cut into pieces. */
  readonly #fixed = new Set<Slot>();
  readonly #parents = new Map<Slot, Slot>();
  /** What elementwise functions read or write. */
  readonly #elementwise = new Set<Slot>();
  readonly #settled = new Map<Slot, Handle>();
  readonly #plain = new Map<string, Handle>();

  constructor(onednn: Onednn, program: Program) {
    this.#onednn = onednn;
    for (const slot of program.inputs.values()) this.#fixed.add(slot);
    for (const call of program.calls) this.#fix(call);
    for (const call of program.calls) this.#unite(call, program);
    for (const [name, update] of program.results.update) {
      const variable = program.variables.get(name);
      if (variable !== undefined) this.#join(variable, update);
    }
  }

  /** Whether the layout is no longer open. */
  isSettled(slot: Slot): boolean {
    return this.#isFixed(slot) || this.#settled.has(this.#classOf(slot));
  }

  /** Whether elementwise functions touch the class of the slot. */
  isElementwise(slot: Slot): boolean {
    const found = this.#classOf(slot);
    return [...this.#elementwise].some((other) => this.#classOf(other) === found);
  }

  /** The class of the slot takes the layout, if it has none yet. */
  settle(slot: Slot, layout: Handle): void {
    if (!this.isSettled(slot)) this.#settled.set(this.#classOf(slot), layout);
  }

  /** The descriptor of the slot in its layout; from here on it is settled. */
  of(slot: Slot): Handle {
    if (!this.isSettled(slot)) this.settle(slot, this.plain(slot));
    return (this.#isFixed(slot) ? undefined : this.#settled.get(this.#classOf(slot))) ?? this.plain(slot);
  }

  /** The row-major descriptor of a slot. */
  plain({ dims, type }: Slot): Handle {
    const key = `${type} ${dims.join()}`;
    const known = this.#plain.get(key) ?? this.#onednn.tensor(dims, type, stridesOf(dims));
    this.#plain.set(key, known);
    return known;
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
    if (kind === 'binary' || kind === 'eltwise_forward' || parameters.follows) {
      const operands = postOps.flatMap((postOp) => ('operand' in postOp ? [postOp.operand] : []));
      for (const slot of [reads.src, reads.src1, ...operands])
        if (slot !== undefined) this.#join(result, slot);
      this.#elementwise.add(result);
    }
    if (kind === 'pooling_backward') {
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
