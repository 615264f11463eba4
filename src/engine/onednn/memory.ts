/** The memory of a program's slots while reorders are inserted: which tensors exist, in which layouts. */
import type { Slot } from '../../ops/primitives.ts';
import type { LaidOutCall, LaidOutProgram, LaidOutResult, Operand } from './laid-out.ts';
import type { Layout, RowMajorLayouts } from './layout-table.ts';
import { baseOf } from './program.ts';
import { isSmallReorder } from './small-work.ts';

/** A slot with memory of its own, and the layout under which it is read. */
type Stored = LaidOutResult;

interface Copy extends Stored {
  /** Exists in watched steps only. */
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
  /** Layouts of the slots that have memory of their own. */
  readonly homes: Map<Slot, Layout> = new Map();
  readonly #program: LaidOutProgram;
  readonly #table: RowMajorLayouts;
  /** Where the value of each slot of the program is. */
  readonly #stored = new Map<Slot, Stored>();
  /** Copies of memory in other layouts. */
  readonly #copies = new Map<Slot, Copy[]>();
  /** Memory that lives from step to step: inputs, variables, constants and reordered constants. */
  readonly #kept = new Set<Slot>();

  constructor(program: LaidOutProgram, table: RowMajorLayouts) {
    this.#program = program;
    this.#table = table;
    for (const slot of [
      ...program.inputs.values(),
      ...program.variables.values(),
      ...program.constants.keys(),
    ]) {
      this.define(slot, program.homes.get(slot) ?? table.rowMajor(slot));
      this.#kept.add(slot);
    }
  }

  has(slot: Slot): boolean {
    return this.#stored.has(slot);
  }

  /** The slot gets memory of its own. */
  define(slot: Slot, layout: Layout): void {
    this.homes.set(slot, layout);
    this.#stored.set(slot, { slot, layout });
  }

  /** The slot gets the memory of an operand. */
  share(slot: Slot, { slot: source, layout }: Operand): void {
    this.#stored.set(slot, { slot: this.#inLayout(source, layout, false), layout });
  }

  add(call: LaidOutCall): void {
    this.calls.push(call);
  }

  /** The operand in memory of the layout that its call wants. */
  operand(operand: Operand, watched: boolean): Operand {
    return { ...operand, slot: this.#inLayout(operand.slot, operand.layout, watched) };
  }

  /** The slot that a primitive writes: the result itself, or one that is brought home after. */
  resultOf({ slot, layout }: Operand): Slot {
    const home = this.#program.homes.get(slot) ?? layout;
    if (home !== layout) return this.#made(`${slot.name} as made`, slot, layout);
    this.define(slot, layout);
    return slot;
  }

  bringHome(slot: Slot, made: Operand, watched: boolean): void {
    const home = this.#program.homes.get(slot) ?? made.layout;
    this.define(slot, home);
    const from = { slot: made.slot, layout: made.layout, descriptor: made.layout.descriptor };
    this.reorder({ op: 'Reorder', name: slot.name, from, to: whole({ slot, layout: home }), watched });
  }

  /** A result in its layout. One in memory that lives from step to step is copied, so that it keeps its value of this step. */
  delivered({ slot, layout }: LaidOutResult): LaidOutResult {
    const memory = this.#inLayout(slot, layout, false);
    if (!this.#kept.has(memory)) return { slot: memory, layout };
    const copy = this.#made(`${slot.name} copied`, slot, layout);
    const [from, to] = [whole({ slot: memory, layout }), whole({ slot: copy, layout })];
    this.reorder({ op: 'Output', name: slot.name, from, to, watched: false });
    return { slot: copy, layout };
  }

  /** A row-major copy of a watched value. */
  copiedToWatch(name: string, { slot, layout }: LaidOutResult): LaidOutResult {
    const copy = this.#made(`${name} watched`, slot, layout);
    const [from, to] = [whole(this.#locate(slot, true)), whole({ slot: copy, layout })];
    this.reorder({ op: 'Watch', name, from, to, watched: true });
    return { slot: copy, layout };
  }

  reorder({ op, name, from, to, watched }: Reorder): void {
    const once = this.#program.constants.has(from.slot) && this.#kept.has(to.slot);
    (once ? this.setup : this.calls).push({
      op,
      name,
      kind: 'reorder',
      action: 'reorder',
      reads: [{ ...from, argument: 'src' }],
      writes: [{ ...to, argument: 'dst' }],
      primitive: undefined,
      inPlace: false,
      small: isSmallReorder(this.homes.get(from.slot)?.bytes ?? 0),
      watched,
    });
  }

  #made(name: string, { dims }: Slot, layout: Layout): Slot {
    const slot: Slot = { name, dims, type: layout.type };
    this.homes.set(slot, layout);
    return slot;
  }

  /** The memory that holds the slot in the layout: its own, or a copy, made once. */
  #inLayout(slot: Slot, layout: Layout, watched: boolean): Slot {
    const stored = this.#locate(slot, watched);
    if (stored.layout === layout) return stored.slot;
    const copies = this.#copies.get(stored.slot) ?? [];
    const known = copies.find((copy) => copy.layout === layout && (watched || !copy.watched));
    if (known !== undefined) return known.slot;
    const copy = this.#made(`${slot.name} reordered`, slot, layout);
    if (this.#program.constants.has(stored.slot)) this.#kept.add(copy);
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

  /** Where the slot is, and how it lies there. Only row-major memory can be read under other dims. */
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
