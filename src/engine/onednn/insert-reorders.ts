/**
 * Program with layouts → the same program with explicit reorders, after which every operand is in the layout that its call
 * uses. A reorder is inserted where a reader needs a layout other than the home layout of the tensor, where a primitive
 * writes another layout, for casts and copies of parts, and for results that must not change when a variable does. Those for
 * results come last, except that a call that may end the step comes after those for everything that the step returns. Reorders of
 * constants run once, during setup.
 *
 *     before  c: convolution_forward(src: x row-major, weights: w layout 1) → y layout 2     w is row-major
 *     after   w: reorder(src: w row-major) → w reordered layout 1
 *             c: convolution_forward(src: x row-major, weights: w reordered layout 1) → y layout 2
 */
import { mapResults, type ResultRole, withoutRole } from '../../graph/results.ts';
import type { Slot } from '../../ops/primitives.ts';
import {
  isWhole,
  type LaidOutCall,
  type LaidOutPass,
  type LaidOutProgram,
  type LaidOutResult,
  type Operand,
} from './laid-out.ts';
import type { Layout, RowMajorLayouts } from './layout-table.ts';
import { Memory } from './memory.ts';
import { baseOf } from './program.ts';

/** @param table the layouts of the program */
export function insertReorders(table: RowMajorLayouts): LaidOutPass {
  return (program) => new ReorderInserter(program, table).insert();
}

class ReorderInserter {
  readonly #program: LaidOutProgram;
  readonly #memory: Memory;
  /** The watched calls that wait for operands that have not been computed yet. */
  #waiting: readonly LaidOutCall[];
  readonly #watchedResults = new Map<string, LaidOutResult>();
  /** The results that have been put into their layouts. */
  readonly #placed = new Map<LaidOutResult, LaidOutResult>();

  constructor(program: LaidOutProgram, table: RowMajorLayouts) {
    this.#program = program;
    this.#memory = new Memory(program, table);
    this.#waiting = program.watchedCalls;
  }

  insert(): LaidOutProgram {
    this.#insertWatched();
    for (const call of this.#program.calls) {
      if (call.kind === 'finite_check')
        mapResults(withoutRole(this.#program.results, 'update'), (result, name, role) =>
          this.#placedResult(result, name, role),
        );
      this.#insertCall(call);
      this.#insertWatched();
    }
    const results = mapResults(this.#program.results, (result, name, role) =>
      this.#placedResult(result, name, role),
    );
    const { setup, calls, homes } = this.#memory;
    return { ...this.#program, stage: 'reordered', setup, calls, homes, watchedCalls: [], results };
  }

  /** Returns a result in its layout. Inserts a reorder if necessary, once. */
  #placedResult(result: LaidOutResult, name: string, role: ResultRole): LaidOutResult {
    if (role === 'watched') return this.#watchedResults.get(name) ?? result;
    const placed = this.#placed.get(result) ?? this.#memory.resultInLayout(result);
    this.#placed.set(result, placed);
    return placed;
  }

  /** Inserts watched calls and copies of watched values as soon as their operands exist, before these can be overwritten. */
  #insertWatched(): void {
    const exists = (slot: Slot) => this.#memory.has(baseOf(slot));
    for (let isReady = true; isReady; ) {
      const ready = this.#waiting.filter(({ reads }) => reads.every(({ slot }) => exists(slot)));
      this.#waiting = this.#waiting.filter((call) => !ready.includes(call));
      for (const call of ready) this.#insertCall(call);
      isReady = ready.length > 0;
    }
    for (const [name, result] of this.#program.results.watched)
      if (!this.#watchedResults.has(name) && exists(result.slot))
        this.#watchedResults.set(name, this.#memory.watchedCopy(name, result));
  }

  #insertCall(call: LaidOutCall): void {
    if (call.kind === 'copy') this.#insertCopy(call);
    else this.#insertPrimitive(call);
  }

  #insertPrimitive(call: LaidOutCall): void {
    const memory = this.#memory;
    const reads = call.reads.map((operand) => memory.operand(operand, call.watched));
    const writes = call.writes.map((operand): Operand => ({ ...operand, slot: memory.writtenSlot(operand) }));
    memory.add({ ...call, reads, writes });
    call.writes.forEach(({ slot }, index) => {
      const written = writes[index];
      if (written !== undefined && written.slot !== slot) memory.reorderToHome(slot, written, call.watched);
    });
  }

  /** Turns a copy into reorders, one for each piece. A copy that keeps elements, order, layout and type is dropped instead: its
   * result shares the memory of its source. */
  #insertCopy(call: LaidOutCall): void {
    const { reads, writes, watched } = call;
    const [source] = reads;
    const [result] = writes;
    if (source === undefined || result === undefined) return;
    const isShared = reads.length === 1 && isWhole(source) && isWhole(result);
    if (
      isShared &&
      !watched &&
      source.layout.type === result.slot.type &&
      source.slot.type === result.slot.type
    ) {
      this.#memory.share(result.slot, source);
      return;
    }
    this.#memory.define(result.slot, this.#homeOf(result));
    reads.forEach((piece, index) => {
      const to = writes[index];
      if (to === undefined) return;
      const name = isShared ? call.name : `${call.name} ${index}`;
      const from = this.#memory.operand(piece, watched);
      this.#memory.reorder({ op: call.op, name, from, to, watched });
    });
  }

  #homeOf({ slot, layout }: Operand): Layout {
    return this.#program.homes.get(slot) ?? layout;
  }
}
