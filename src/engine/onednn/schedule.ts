/**
 * Program → steps: every call as a primitive with its layouts chosen, reorders where two primitives do not agree, and
 * the buffers that steps read and write. Nothing has an address yet.
 */
import { messageOf, RunError } from '../../errors.ts';
import { mapResults, type ResultRole, type Results } from '../../graph/results.ts';
import type { Call, Place, Slot } from '../../ops/primitives.ts';
import { sizeOf, type Tensor } from '../../tensor/tensor.ts';
import { describeCall } from './describe.ts';
import { Layouts } from './layouts.ts';
import { elementSize, places, postOpPlace } from './native/constants.ts';
import type { Handle, Onednn } from './native/onednn.ts';
import { baseOf, type Program, printCall, readsOf, resultOf, writesOf } from './program.ts';

/** Memory that steps read and write. A kept one lives from step to step of training. */
export interface Buffer {
  readonly name: string;
  readonly bytes: number;
  readonly kept: boolean;
}
export interface Argument {
  /** oneDNN's number of the argument. */
  readonly place: number;
  readonly buffer: Buffer;
  readonly descriptor: Handle;
  /** Bytes from the start of the buffer. */
  readonly offset: number;
}
export interface Step {
  /** What it does, for profiles: the operator, or `Reorder`, and the node's path. */
  readonly op: string;
  readonly name: string;
  /** The call with its operands and shapes, for errors. */
  readonly text: string;
  readonly primitive: Handle;
  readonly implementation: string;
  readonly reads: readonly Argument[];
  readonly writes: readonly Argument[];
  /** Elementwise: a result may take the memory of an operand that nobody needs any more. */
  readonly inPlace: boolean;
  /** So little work that one thread does it faster than two can share it. */
  readonly small: boolean;
  /** Run in watched steps only. */
  readonly watched: boolean;
  readonly scratchpad: Handle | undefined;
}
/** Where a tensor that comes from outside, or goes there, lies. */
export interface Home {
  readonly buffer: Buffer;
  readonly layout: Handle;
  readonly plain: Handle;
  readonly slot: Slot;
}
export interface Schedule {
  /** Run once: constants in the layouts that steps want. */
  readonly setup: readonly Step[];
  readonly steps: readonly Step[];
  readonly constants: ReadonlyMap<Buffer, Tensor>;
  readonly inputs: ReadonlyMap<string, Home>;
  readonly variables: ReadonlyMap<string, Home>;
  readonly results: Results<Home>;
}

/** A tensor in another layout than its own. */
interface Copy {
  readonly layout: Handle;
  readonly buffer: Buffer;
  /** There in watched steps only. */
  readonly watched: boolean;
}

/** Elements below which waking another thread costs more than it saves. */
const smallWork = 8192;

export class Scheduler {
  readonly #onednn: Onednn;
  readonly #program: Program;
  readonly #layouts: Layouts;
  readonly #buffers = new Map<Slot, Buffer>();
  /** Copies of a tensor in other layouts. */
  readonly #reordered = new Map<Buffer, Copy[]>();
  /** What is scheduled now is run in watched steps only. */
  #isWatching = false;
  #waiting: readonly Call[];
  readonly #watched = new Map<string, Home>();
  readonly #constants = new Map<Buffer, Tensor>();
  readonly #setup: Step[] = [];
  readonly #steps: Step[] = [];

  constructor(onednn: Onednn, program: Program) {
    this.#onednn = onednn;
    this.#program = program;
    this.#waiting = program.watching;
    this.#layouts = new Layouts(onednn, program);
  }

  /** Bytes that each step so far scribbles on while it runs. */
  scratchpads(): readonly number[] {
    const steps = [...this.#setup, ...this.#steps];
    return steps.map(({ scratchpad }) => (scratchpad === undefined ? 0 : this.#onednn.byteSize(scratchpad)));
  }

  /** A step that copies between two buffers, or two layouts. */
  reorder(op: string, name: string, source: Buffer, from: Handle, target: Buffer, to: Handle): Step {
    return this.#reorder(op, name, source, from, target, to, 0, 0);
  }

  schedule(): Schedule {
    const { inputs, variables, constants, calls, results } = this.#program;
    const chosen = new Map(calls.map((call) => [call, this.#choose(call)] as const));
    for (const slot of [...inputs.values(), ...variables.values()]) this.#keep(slot);
    for (const [slot, value] of constants) this.#keepConstant(slot, value);
    this.#watch();
    for (const call of calls) {
      this.#schedule(call, chosen.get(call));
      this.#watch();
    }
    const homes = (slots: ReadonlyMap<string, Slot>, home: (slot: Slot) => Home) =>
      new Map([...slots].map(([name, slot]) => [name, home(slot)] as const));
    const home = (slot: Slot): Home => ({
      slot,
      buffer: this.#bufferOf(slot),
      layout: this.#layouts.of(slot),
      plain: this.#layouts.plain(slot),
    });
    const plainHome = (slot: Slot): Home => {
      const plain = this.#layouts.plain(slot);
      return { slot, buffer: this.#snapshot(slot, this.#inLayout(slot, plain), plain), layout: plain, plain };
    };
    const homeOf: Readonly<Record<ResultRole, (slot: Slot, name: string) => Home>> = {
      output: plainHome,
      exchanged: plainHome,
      update: (slot) => {
        const { buffer, layout, ...rest } = home(slot);
        // A variable's new value that is another's old one, or a fed one, is put aside before those change.
        return { ...rest, layout, buffer: this.#snapshot(slot, buffer, layout) };
      },
      watched: (_, name) => this.#watchedHome(name),
    };
    return {
      constants: this.#constants,
      inputs: homes(inputs, home),
      variables: homes(variables, home),
      results: mapResults(results, (slot, name, role) => homeOf[role](slot, name)),
      setup: this.#setup,
      steps: this.#steps,
    };
  }

  /** Schedules what only watched steps do and can be done now: later, what it reads may be overwritten. */
  #watch(): void {
    this.#isWatching = true;
    const isThere = (slot: Slot) => this.#buffers.has(baseOf(slot));
    for (let ready = 1; ready > 0; ) {
      const calls = this.#waiting.filter((call) => readsOf(call).every(isThere));
      this.#waiting = this.#waiting.filter((call) => !calls.includes(call));
      for (const call of calls) {
        for (const slot of writesOf(call)) this.#layouts.settle(slot, this.#layouts.plain(slot));
        this.#schedule(call, this.#choose(call));
      }
      ready = calls.length;
    }
    for (const [name, slot] of this.#program.results.watched) {
      if (isThere(slot) && !this.#watched.has(name)) this.#watched.set(name, this.#shown(name, slot));
    }
    this.#isWatching = false;
  }

  #watchedHome(name: string): Home {
    const home = this.#watched.get(name);
    if (home === undefined) throw new TypeError(`nothing computes ${name}, which is watched`);
    return home;
  }

  /** A row-major copy to look at. */
  #shown(name: string, slot: Slot): Home {
    const shown: Slot = { name, dims: slot.dims, type: slot.type === 'int32' ? 'int32' : 'float32' };
    const plain = this.#layouts.plain(shown);
    const buffer = { name: `${name} watched`, bytes: this.#onednn.byteSize(plain), kept: false };
    const { buffer: source, layout } = this.#located(slot);
    this.#move('Watch', name, source, layout, buffer, plain);
    return { slot: shown, buffer, layout: plain, plain };
  }

  /** Asks convolutions and pools for the layouts they like, in the order of the program. */
  #choose(call: Call): Handle | undefined {
    const { kind, parameters, reads, writes } = call;
    this.#onednn.setTeam(teamFor(isSmall(call)));
    if (kind === 'pooling_forward') {
      const descriptor = describeCall(this.#onednn, call, (slot) =>
        slot === writes.dst && !this.#layouts.isSettled(slot) ? this.#any(slot) : this.#layouts.of(slot),
      );
      if (writes.dst === undefined) return undefined;
      const layout = this.#chosen(descriptor, 'dst') ?? this.#layouts.plain(writes.dst);
      const pads = this.#mustNotPad(writes.dst, layout);
      this.#layouts.settle(writes.dst, pads ? this.#layouts.plain(writes.dst) : layout);
      return undefined;
    }
    if (!kind.startsWith('convolution')) return undefined;
    if (parameters.follows && reads.src && this.#layouts.isSettled(reads.src)) return undefined;
    const fed = new Set(this.#program.inputs.values());
    const descriptor = describeCall(this.#onednn, call, (slot) =>
      fed.has(slot) ? this.#layouts.of(slot) : this.#any(slot),
    );
    const liked = [...Object.entries(reads), ...Object.entries(writes)].flatMap(([place, slot]) => {
      const layout = isVector(place) ? undefined : this.#chosen(descriptor, place as Place);
      return layout === undefined ? [] : [{ slot, layout }];
    });
    const pads = liked.some(({ slot, layout }) => this.#mustNotPad(slot, layout));
    // Who only watches takes the layouts that there are.
    for (const { slot, layout } of this.#isWatching ? [] : liked)
      this.#layouts.settle(slot, pads ? this.#layouts.plain(slot) : layout);
    return pads ? undefined : descriptor;
  }

  /** Whether a layout has cells that are no elements, such as 6 channels in a block of 16, and elementwise functions touch
   * the tensor: they see it as a vector of its elements, and do not keep the other cells at zero. */
  #mustNotPad(slot: Slot, layout: Handle): boolean {
    const padded = this.#onednn.byteSize(layout) > sizeOf(slot.dims) * elementSize[slot.type];
    return padded && this.#layouts.isElementwise(slot);
  }

  #any({ dims, type }: Slot): Handle {
    return this.#onednn.tensor(dims, type, 'any');
  }

  #chosen(descriptor: Handle, place: Place): Handle | undefined {
    return this.#onednn.layout(descriptor, place);
  }

  #schedule(call: Call, chosen: Handle | undefined): void {
    this.#onednn.setTeam(teamFor(isSmall(call)));
    if (call.kind === 'copy') {
      this.#scheduleCopy(call);
      return;
    }
    const flat = this.#flat(call);
    const follows = (slot: Slot) =>
      call.parameters.follows && slot === call.reads.weights ? this.#any(slot) : this.#wanted(call, slot);
    const descriptor = chosen ?? describeCall(this.#onednn, call, flat ?? follows);
    /** How it lies, and how the primitive sees it. */
    const layoutOf = (place: string, slot: Slot) =>
      (flat === undefined ? this.#chosen(descriptor, place as Place) : undefined) ?? this.#wanted(call, slot);
    const seen = (slot: Slot, layout: Handle) => flat?.(slot) ?? layout;
    const reads = Object.entries(call.reads).map(([place, slot]) => {
      const layout = layoutOf(place, slot);
      return { ...this.#operand(place, slot, layout), descriptor: seen(slot, layout) };
    });
    call.postOps.forEach((postOp, index) => {
      if (!('operand' in postOp)) return;
      const { operand } = postOp;
      const layout = this.#wanted(call, operand);
      const place = postOpPlace(index, this.#onednn.library.major);
      const buffer = this.#inLayout(operand, layout);
      reads.push({ place, buffer, descriptor: seen(operand, layout), offset: 0 });
    });
    const results = Object.entries(call.writes).map(([place, slot]) => {
      const layout = layoutOf(place, slot);
      const buffer = asItIs(place, slot) ? this.#define(slot, layout) : this.#result(slot, layout);
      const argument = { place: places[place as Place], buffer, descriptor: seen(slot, layout), offset: 0 };
      return { slot, layout, argument };
    });
    this.#add(
      call,
      descriptor,
      reads,
      results.map(({ argument }) => argument),
    );
    for (const { slot, layout, argument } of results) this.#settleResult(slot, argument.buffer, layout);
  }

  /**
   * Elementwise work on whole tensors of one layout, and single numbers, does not ask where an element stands: oneDNN
   * sees such tensors as vectors. It is told so, for its code for blocked layouts of few channels is wrong (2.6: of a
   * filter [64, 3, 5, 5] in blocks of 16 it computes some cells twice and others never).
   */
  #flat(call: Call): ((slot: Slot) => Handle) | undefined {
    const result = resultOf(call);
    const size = sizeOf(result.dims);
    const sameLayout = ({ dims, type }: Slot) =>
      dims.join() === result.dims.join() && (type === result.type || dims.length <= 2);
    const fits = (slot: Slot) => sizeOf(slot.dims) === 1 || sameLayout(slot);
    if (!isElementwise(call) || !readsOf(call).every(fits)) return undefined;
    return ({ dims, type }) => this.#onednn.tensor([sizeOf(dims) === 1 ? 1 : size], type, [1]);
  }

  /** Elementwise work wants every whole operand in the layout of its result. */
  #wanted(call: Call, slot: Slot): Handle {
    const result = resultOf(call);
    const whole = slot.dims.join() === result.dims.join() && slot.type === result.type;
    return this.#layouts.of(whole && isElementwise(call) ? result : slot);
  }

  #operand(place: string, slot: Slot, layout: Handle): Argument {
    const stored = asItIs(place, slot) ? this.#layouts.of(slot) : layout;
    const buffer = place === 'workspace' ? this.#bufferOf(slot) : this.#inLayout(slot, stored);
    return { place: places[place as Place], buffer, descriptor: layout, offset: 0 };
  }

  /** A copy of the whole that changes nothing is none. */
  #scheduleCopy(call: Call): void {
    const result = resultOf(call);
    const pieces = call.parameters.pieces ?? [];
    const [whole] = pieces;
    if (whole !== undefined && pieces.length === 1 && whole.from === undefined && whole.to === undefined) {
      const layout = this.#layouts.of(result);
      // To watch is to copy: what is read here may be written over before the copy is looked at.
      if (whole.source.type === result.type && !this.#isWatching) {
        this.#buffers.set(result, this.#inLayout(whole.source, layout));
      } else {
        const source = this.#located(whole.source);
        this.#move(call.op, call.name, source.buffer, source.layout, this.#define(result, layout), layout);
      }
      return;
    }
    const buffer = this.#define(result, this.#layouts.of(result));
    pieces.forEach(({ source, from, to }, index) => {
      const views = [from ?? wholeOf(source, this.#layouts), to ?? wholeOf(result, this.#layouts)] as const;
      const [read, write] = views.map((view) =>
        'descriptor' in view ? view.descriptor : this.#onednn.tensor(view.dims, source.type, view.strides),
      );
      if (read === undefined || write === undefined) return;
      const size = elementSize[source.type];
      this.#move(
        call.op,
        `${call.name} ${index}`,
        this.#inLayout(source, from === undefined ? this.#layouts.of(source) : this.#layouts.plain(source)),
        read,
        buffer,
        write,
        views[0].offset * size,
        views[1].offset * size,
      );
    });
  }

  #move(
    op: string,
    name: string,
    source: Buffer,
    from: Handle,
    target: Buffer,
    to: Handle,
    offset: number = 0,
    targetOffset: number = 0,
  ): void {
    const step = this.#reorder(op, name, source, from, target, to, offset, targetOffset);
    (this.#isConstant(source) && target.kept ? this.#setup : this.#steps).push(step);
  }

  #reorder(
    op: string,
    name: string,
    source: Buffer,
    from: Handle,
    target: Buffer,
    to: Handle,
    offset: number,
    targetOffset: number,
  ): Step {
    const small = source.bytes < smallWork * 4;
    this.#onednn.setTeam(teamFor(small));
    const reads = [{ place: places.src, buffer: source, descriptor: from, offset }];
    const writes = [{ place: places.dst, buffer: target, descriptor: to, offset: targetOffset }];
    const text = `${op} ${name}: reorder(${source.name}) → ${target.name}, ${target.bytes} bytes`;
    const descriptor = this.#named(text, () => this.#onednn.reorderDescriptor(from, to));
    return this.#step({ op, name, text, small, inPlace: false, reads, writes }, descriptor);
  }

  /** An output or a new value that is a variable or an input is taken as it was in the step. */
  #snapshot(slot: Slot, buffer: Buffer, layout: Handle): Buffer {
    if (!buffer.kept) return buffer;
    const copy = { name: `${slot.name} copied`, bytes: buffer.bytes, kept: false };
    this.#move('Output', slot.name, buffer, layout, copy, layout);
    return copy;
  }

  #isConstant(buffer: Buffer): boolean {
    return this.#constants.has(buffer);
  }

  /** The buffer that holds the slot in the layout: its own, or a copy, made once. */
  #inLayout(slot: Slot, layout: Handle): Buffer {
    const { buffer, layout: stored } = this.#located(slot);
    if (this.#onednn.sameLayout(stored, layout)) return buffer;
    const copies = this.#reordered.get(buffer) ?? [];
    const known = copies.find(
      (copy) => this.#onednn.sameLayout(copy.layout, layout) && (this.#isWatching || !copy.watched),
    );
    if (known !== undefined) return known.buffer;
    const copy = {
      name: `${slot.name} reordered`,
      bytes: this.#onednn.byteSize(layout),
      kept: this.#isConstant(buffer),
    };
    this.#move('Reorder', slot.name, buffer, stored, copy, layout);
    this.#reordered.set(buffer, [...copies, { layout, buffer: copy, watched: this.#isWatching }]);
    return copy;
  }

  /** Where the slot is, and how it lies there. Under other dims only what is row-major can be seen. */
  #located(slot: Slot): Pick<Home, 'buffer' | 'layout'> {
    if (slot.base !== undefined) {
      const base = baseOf(slot);
      return { buffer: this.#inLayout(base, this.#layouts.plain(base)), layout: this.#layouts.plain(slot) };
    }
    const buffer = this.#bufferOf(slot);
    return { buffer, layout: this.#isConstant(buffer) ? this.#storedConstant(slot) : this.#layouts.of(slot) };
  }

  /** Constants are put down row-major and in their own type. */
  #storedConstant(slot: Slot): Handle {
    return this.#layouts.plain({ ...slot, type: slot.type === 'bfloat16' ? 'float32' : slot.type });
  }

  #result(slot: Slot, layout: Handle): Buffer {
    if (this.#onednn.sameLayout(layout, this.#layouts.of(slot))) {
      return this.#define(slot, layout);
    }
    return { name: `${slot.name} as made`, bytes: this.#onednn.byteSize(layout), kept: false };
  }

  /** Brings a result into the layout that others expect. */
  #settleResult(slot: Slot, buffer: Buffer, made: Handle): void {
    if (this.#buffers.get(slot) === buffer) return;
    const layout = this.#layouts.of(slot);
    this.#move('Reorder', slot.name, buffer, made, this.#define(slot, layout), layout);
  }

  #define(slot: Slot, layout: Handle): Buffer {
    const buffer = { name: slot.name, bytes: this.#onednn.byteSize(layout), kept: false };
    this.#buffers.set(slot, buffer);
    return buffer;
  }

  #keep(slot: Slot): void {
    const bytes = this.#onednn.byteSize(this.#layouts.of(slot));
    this.#buffers.set(slot, { name: slot.name, bytes, kept: true });
  }

  #keepConstant(slot: Slot, value: Tensor): void {
    const buffer = { name: slot.name, bytes: value.data.byteLength, kept: true };
    this.#buffers.set(slot, buffer);
    this.#constants.set(buffer, value);
  }

  #bufferOf(slot: Slot): Buffer {
    const buffer = this.#buffers.get(baseOf(slot));
    if (buffer === undefined) throw new TypeError(`${slot.name} is read before it is made`);
    return buffer;
  }

  #add(call: Call, descriptor: Handle, reads: readonly Argument[], writes: readonly Argument[]): void {
    const { op, name } = call;
    const about = { op, name, text: printCall(call), small: isSmall(call), inPlace: isElementwise(call) };
    this.#steps.push(this.#step({ ...about, reads, writes }, descriptor));
  }

  #step(
    step: Omit<Step, 'primitive' | 'implementation' | 'scratchpad' | 'watched'>,
    descriptor: Handle,
  ): Step {
    return {
      ...step,
      watched: this.#isWatching,
      primitive: this.#named(step.text, () => this.#onednn.primitive(descriptor)),
      implementation: this.#onednn.implementation(descriptor),
      scratchpad: this.#onednn.layout(descriptor, 'scratchpad'),
    };
  }

  /** @throws RunError that says what could not be made */
  #named<T>(text: string, make: () => T): T {
    try {
      return make();
    } catch (error) {
      throw new RunError(`oneDNN ${this.#onednn.library.version} cannot make ${text}: ${messageOf(error)}`);
    }
  }
}

/** A convolution's bias has one layout only. */
function isVector(place: string): boolean {
  return place === 'bias' || place === 'diffBias';
}

/** Matrices, biases and workspaces lie in one way only, under whatever dims and strides a primitive sees them. */
function asItIs(place: string, slot: Slot): boolean {
  return isVector(place) || place === 'workspace' || slot.dims.length <= 2;
}

export function teamFor(small: boolean): 'one' | 'all' {
  return small ? 'one' : 'all';
}

function isElementwise({ kind }: Call): boolean {
  return kind === 'binary' || kind === 'eltwise_forward';
}

function isSmall(call: Call): boolean {
  return [...readsOf(call), ...writesOf(call)].every(({ dims }) => sizeOf(dims) <= smallWork);
}

function wholeOf(slot: Slot, layouts: Layouts) {
  return { offset: 0, descriptor: layouts.of(slot) };
}
