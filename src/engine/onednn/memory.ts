/** Keeps track of the memory of slots while reorders are inserted: which tensors exist, and in which layouts. */
import type { Slot } from '../../ops/primitives.ts';
import type { LaidOutCall, LaidOutProgram, LaidOutResult, Operand } from './laid-out.ts';
import type { Layout, RowMajorLayouts } from './layout-table.ts';
import { baseOf } from './program.ts';
import { isSmallReorder } from './small-work.ts';

/** A slot that has its own memory, with the layout in which it is read. */
type Stored = LaidOutResult;

interface Copy extends Stored {
  /** Whether the copy exists only in watched steps. */
  readonly watched: boolean;
}

export interface Reorder {
  readonly op: string;
  readonly name: string;
  readonly from: Omit<Operand, 'argument'>;
  readonly to: Omit<Operand, 'argument'>;
  readonly watched: boolean;
}

export class Memory {
  readonly setup: LaidOutCall[] = [];
  readonly calls: LaidOutCall[] = [];
  /** The layout of each slot that has its own memory. */
  readonly homes: Map<Slot, Layout> = new Map();
  readonly #program: LaidOutProgram;
  readonly #table: RowMajorLayouts;
  /** For each slot of the original program, the slot that holds its value now, and the layout of that slot. */
  readonly #stored = new Map<Slot, Stored>();
  /** Copies of slots in other layouts. */
  readonly #copies = new Map<Slot, Copy[]>();
  /** Memory that persists between steps: inputs, variables, constants and reordered constants. */
  readonly #persistent = new Set<Slot>();

  constructor(program: LaidOutProgram, table: RowMajorLayouts) {
    this.#program = program;
    this.#table = table;
    for (const slot of [
      ...program.inputs.values(),
      ...program.variables.values(),
      ...program.constants.keys(),
    ]) {
      this.define(slot, program.homes.get(slot) ?? table.rowMajor(slot));
      this.#persistent.add(slot);
    }
  }

  has(slot: Slot): boolean {
    return this.#stored.has(slot);
  }

  /** Gives the slot its own memory. */
  define(slot: Slot, layout: Layout): void {
    this.homes.set(slot, layout);
    this.#stored.set(slot, { slot, layout });
  }

  /** Makes the slot share the memory of an operand. */
  share(slot: Slot, { slot: source, layout }: Operand): void {
    this.#stored.set(slot, { slot: this.#inLayout(source, layout, false), layout });
  }

  add(call: LaidOutCall): void {
    this.calls.push(call);
  }

  /** Returns the operand in the layout that its call uses, reordered if necessary. */
  operand(operand: Operand, watched: boolean): Operand {
    return { ...operand, slot: this.#inLayout(operand.slot, operand.layout, watched) };
  }

  /** Returns the slot that a primitive writes: the result itself, or a temporary slot that `reorderToHome` copies to the
   * result. */
  writtenSlot({ slot, layout }: Operand): Slot {
    const home = this.#program.homes.get(slot) ?? layout;
    if (home !== layout) return this.#newSlot(`${slot.name} as written`, slot, layout);
    this.define(slot, layout);
    return slot;
  }

  reorderToHome(slot: Slot, written: Operand, watched: boolean): void {
    const home = this.#program.homes.get(slot) ?? written.layout;
    this.define(slot, home);
    const from = { slot: written.slot, layout: written.layout, descriptor: written.layout.descriptor };
    this.reorder({ op: 'Reorder', name: slot.name, from, to: whole({ slot, layout: home }), watched });
  }

  /** Returns a result in its layout. Persistent memory is copied, so that the result does not change in later steps. */
  resultInLayout({ slot, layout }: LaidOutResult): LaidOutResult {
    const memory = this.#inLayout(slot, layout, false);
    if (!this.#persistent.has(memory)) return { slot: memory, layout };
    const copy = this.#newSlot(`${slot.name} copied`, slot, layout);
    const [from, to] = [whole({ slot: memory, layout }), whole({ slot: copy, layout })];
    this.reorder({ op: 'Output', name: slot.name, from, to, watched: false });
    return { slot: copy, layout };
  }

  /** Makes a row-major copy of a watched value. */
  watchedCopy(name: string, { slot, layout }: LaidOutResult): LaidOutResult {
    const copy = this.#newSlot(`${name} watched`, slot, layout);
    const [from, to] = [whole(this.#locate(slot, true)), whole({ slot: copy, layout })];
    this.reorder({ op: 'Watch', name, from, to, watched: true });
    return { slot: copy, layout };
  }

  reorder({ op, name, from, to, watched }: Reorder): void {
    const once = this.#program.constants.has(from.slot) && this.#persistent.has(to.slot);
    (once ? this.setup : this.calls).push({
      op,
      name,
      kind: 'reorder',
      action: 'reorder',
      reads: [{ ...from, argument: 'src' }],
      writes: [{ ...to, argument: 'dst' }],
      primitive: undefined,
      fused: [],
      inPlace: false,
      small: isSmallReorder(this.homes.get(from.slot)?.bytes ?? 0),
      watched,
    });
  }

  #newSlot(name: string, { dims }: Slot, layout: Layout): Slot {
    const slot: Slot = { name, dims, type: layout.type };
    this.homes.set(slot, layout);
    return slot;
  }

  /** Returns the slot that holds a value in the given layout: its own slot, or a copy, which is made only once. */
  #inLayout(slot: Slot, layout: Layout, watched: boolean): Slot {
    const stored = this.#locate(slot, watched);
    if (stored.layout === layout) return stored.slot;
    const copies = this.#copies.get(stored.slot) ?? [];
    const known = copies.find((copy) => copy.layout === layout && (watched || !copy.watched));
    if (known !== undefined) return known.slot;
    const copy = this.#newSlot(`${slot.name} reordered`, slot, layout);
    if (this.#program.constants.has(stored.slot)) this.#persistent.add(copy);
    this.reorder({
      op: 'Reorder',
      name: slot.name,
      from: whole(stored),
      to: whole({ slot: copy, layout }),
      watched,
    });
    this.#copies.set(stored.slot, [...copies, { slot: copy, layout, watched }]);
    return copy;
  }

  /** Returns the slot that holds a value, and its layout. An alias with different dims can only be read in row-major memory. */
  #locate(slot: Slot, watched: boolean): Stored {
    if (slot.base !== undefined) {
      const base = baseOf(slot);
      return {
        slot: this.#inLayout(base, this.#table.rowMajor(base), watched),
        layout: this.#table.rowMajor(slot),
      };
    }
    const stored = this.#stored.get(slot);
    if (stored === undefined) throw new TypeError(`${slot.name} is read before it is computed`);
    return stored;
  }
}

function whole({ slot, layout }: Stored): Omit<Operand, 'argument'> {
  return { slot, layout, descriptor: layout.descriptor };
}
