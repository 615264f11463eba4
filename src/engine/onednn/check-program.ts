/** Validates programs after each pass, so that an error is reported where it was made. */
import { GraphError } from '../../errors.ts';
import { resultEntries, resultValues, withoutRole } from '../../graph/results.ts';
import type { Slot } from '../../ops/primitives.ts';
import { sizeOf } from '../../tensor/tensor.ts';
import { type LaidOutCall, type LaidOutProgram, type Operand, readableAs } from './laid-out.ts';
import type { TensorForm } from './layout-table.ts';
import { printLaidOutCall } from './print-program.ts';
import { baseOf } from './program.ts';

/** Returns the program if every operand is computed before it is read, every slot is written once, watched calls do not
 * affect the others, results exist, updates have the types of their variables, and there is at most one exchange, which every
 * step runs and which reads and writes equal row-major float32 tensors. A check of finite scalars, which may end the step, must
 * come after the calls that compute what the step returns. Once reorders are inserted, every operand and result must also have the
 * layout that its call uses.
 * @throws GraphError with the printed call */
export function checkProgram(program: LaidOutProgram): LaidOutProgram {
  const slots = new CheckedSlots(program);
  for (const call of program.setup) slots.check(call, true);
  // Watched calls that have no fixed places yet are checked last: each will run as soon as its operands exist.
  for (const call of [...program.calls, ...program.watchedCalls]) slots.check(call, false);
  checkResults(program, slots);
  return program;
}

class CheckedSlots {
  readonly #program: LaidOutProgram;
  readonly #constants: Set<Slot>;
  /** How many elements of each slot have been computed so far. */
  readonly #computed = new Map<Slot, number>();
  readonly #read = new Set<Slot>();
  readonly #watchedOnly = new Set<Slot>();
  /** The variables whose updates have been computed. An update may share the memory of its variable. */
  readonly #overwritten = new Set<Slot>();
  readonly #updated = new Map<Slot, Slot>();
  #hasExchanged = false;

  constructor(program: LaidOutProgram) {
    this.#program = program;
    this.#constants = new Set(program.constants.keys());
    for (const slot of [...program.inputs.values(), ...program.variables.values(), ...this.#constants])
      this.#computed.set(slot, sizeOf(slot.dims));
    for (const [name, { slot }] of program.results.update) {
      const variable = program.variables.get(name);
      if (variable !== undefined) this.#updated.set(baseOf(slot), variable);
    }
  }

  isComputed(slot: Slot): boolean {
    return (this.#computed.get(baseOf(slot)) ?? 0) >= sizeOf(baseOf(slot).dims);
  }

  isWatchedOnly(slot: Slot): boolean {
    return this.#watchedOnly.has(baseOf(slot));
  }

  check(call: LaidOutCall, once: boolean): void {
    const refuse = (problem: string): void => {
      throw new GraphError(`program ${this.#program.name}: ${printLaidOutCall(call)} ${problem}`);
    };
    const ordered = this.#program.stage === 'reordered';
    if (ordered && call.kind === 'copy') refuse('is a copy, which should have become reorders');
    if (call.kind === 'exchange') this.#checkExchange(call, refuse);
    if (call.kind === 'finite_check') this.#checkFiniteCheck(call, refuse);
    for (const operand of call.reads) {
      this.#checkRead(call, operand, refuse);
      if (once && !this.#constants.has(operand.slot))
        refuse(`runs once, but ${operand.slot.name} is not a constant`);
      if (ordered) this.#checkLayout(operand, refuse);
    }
    for (const operand of call.writes) {
      this.#checkWrite(operand, refuse);
      if (ordered) this.#checkLayout(operand, refuse);
    }
    for (const { slot } of call.writes) this.#write(call, slot);
    for (const operand of call.writes) this.#count(operand);
    if (once) for (const { slot } of call.writes) this.#constants.add(slot);
  }

  #checkExchange({ reads, writes, watched }: LaidOutCall, refuse: Refuse): void {
    if (this.#hasExchanged) refuse('is a second exchange');
    this.#hasExchanged = true;
    if (watched) refuse('is an exchange that only watched steps run');
    if (reads.length !== writes.length) refuse(`has ${reads.length} operands and ${writes.length} results`);
    for (const [index, { slot, layout }] of reads.entries()) {
      const to = writes[index]?.layout;
      const isPlain = layout.text === 'row-major' && layout.type === 'float32';
      if (!isPlain || layout !== to) refuse(`does not average ${slot.name} as a row-major float32 tensor`);
    }
  }

  #checkFiniteCheck({ reads, watched }: LaidOutCall, refuse: Refuse): void {
    if (watched) refuse('is a check that only watched steps run');
    for (const { slot, layout } of reads)
      if (layout.type !== 'float32' || sizeOf(slot.dims) !== 1)
        refuse(`reads ${slot.name}, which is not a float32 scalar`);
    for (const [role, name, { slot }] of resultEntries(this.#program.results)) {
      const isLater = role === 'update' || (role === 'watched' && this.#program.stage === 'assigned');
      if (!isLater && !this.isComputed(slot))
        refuse(`may end the step before the ${role} ${name} is computed`);
    }
  }

  #checkRead({ watched }: LaidOutCall, { slot }: Operand, refuse: Refuse): void {
    const memory = baseOf(slot);
    if (!this.isComputed(slot)) refuse(`reads ${slot.name}, which no earlier call computes`);
    if (!watched && this.#watchedOnly.has(memory))
      refuse(`reads ${slot.name}, which only watched steps compute`);
    if (watched && this.#program.stage === 'reordered' && this.#overwritten.has(memory))
      refuse(`reads ${slot.name} after its update is computed, which may overwrite it`);
    this.#read.add(memory);
  }

  #checkWrite({ slot, part }: Operand, refuse: Refuse): void {
    if (slot.base !== undefined) refuse(`writes ${slot.name} with dims that differ from its definition`);
    if (this.#read.has(slot)) refuse(`writes ${slot.name} after it was read`);
    if (part === undefined && this.#computed.has(slot)) refuse(`writes ${slot.name} a second time`);
  }

  #checkLayout({ slot, layout }: Operand, refuse: Refuse): void {
    const home = this.#program.homes.get(slot);
    if (home === undefined) refuse(`uses ${slot.name}, which has no layout`);
    else if (!readableAs(home, layout))
      refuse(`uses ${slot.name} in ${layout.text}, but it is in ${home.text}`);
  }

  #write({ watched }: LaidOutCall, slot: Slot): void {
    if (watched) this.#watchedOnly.add(slot);
    const variable = this.#updated.get(slot);
    if (variable !== undefined && variable !== slot) this.#overwritten.add(variable);
  }

  #count({ slot, part }: Operand): void {
    const size = part?.size ?? sizeOf(slot.dims);
    this.#computed.set(slot, (this.#computed.get(slot) ?? 0) + size);
  }
}

type Refuse = (problem: string) => void;

function checkResults(program: LaidOutProgram, slots: CheckedSlots): void {
  const refuse = (problem: string): void => {
    throw new GraphError(`program ${program.name}: ${problem}`);
  };
  for (const [role, name, { slot, layout }] of resultEntries(program.results)) {
    if (!slots.isComputed(slot)) refuse(`nothing computes ${slot.name}, the ${role} ${name}`);
    const home = program.homes.get(slot);
    if (program.stage === 'reordered' && (home === undefined || !readableAs(home, layout)))
      refuse(`the ${role} ${name} should be in ${layout.text}, but ${slot.name} is in ${home?.text}`);
  }
  for (const { slot } of resultValues(withoutRole(program.results, 'watched')))
    if (slots.isWatchedOnly(slot)) refuse(`only watched steps compute ${slot.name}, a result of every step`);
  for (const [name, { layout }] of program.results.update) {
    const variable = program.variables.get(name);
    if (variable === undefined) refuse(`update of ${name}, which is not a variable`);
    else if (describe(variable) !== describe(layout))
      refuse(`update of ${name} (${describe(variable)}) has type ${describe(layout)}`);
  }
}

function describe({ type, dims }: TensorForm): string {
  return `${type} [${dims.join(', ')}]`;
}
