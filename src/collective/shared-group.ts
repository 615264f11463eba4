/**
 * A group of threads of one process, which share memory.
 *
 *     region 0   │ values of member 0                   │   written by member 0
 *     region 1   │ values of member 1                   │   written by member 1
 *     sums       │ slice 0       │ slice 1              │   slice r is added up by member r, in the order of the regions
 *
 * Every member copies its values to its region, waits for the others, adds up its slice of the sums, waits again, and copies all
 * sums back. Sums are added up in the order of the ranks, so they do not depend on which member is faster.
 *
 * If there are several processes, their threads are one group: between the last two steps, the first thread of each process adds
 * up the sums of the processes.
 */
import { messageOf, RunError } from '../errors.ts';
import { addWeighted } from './add-weighted.ts';
import type { Collective } from './collective.ts';
import { type Place, processOf, type SharedFloats, type SharedMemoryOfGroup } from './group-start.ts';
import { type Loops, loopsOver, newSharedFloats } from './shared-floats.ts';

/** The indices of the control words. */
const control = {
  /** The number of members that have arrived at the meeting. */
  arrived: 0,
  /** How often all members have met. Members wait for it to change. */
  round: 1,
  /** 1 after the first call of `failSharedGroup`. */
  failing: 2,
  /** 1 when the reason has been written as well. */
  failed: 3,
  /** The length of the reason in bytes. */
  reasonLength: 4,
} as const;

/** The default number of values per round. Meetings of the threads cost more time than a larger memory, of which only the used part
 * becomes resident. This is enough for the values of most networks in one round. */
const defaultCapacity = 2 ** 21;

/** Regions and slices consist of whole blocks, each of which fills a line of the caches, so that no two threads write to the same
 * line. */
const blockLength = 16;

const maxReasonBytes = 2048;

/** Allocates the memory of a group of `size` threads.
 * @param allocate allocates memory for a number of float32 values */
export function newSharedGroup(
  size: number,
  capacity: number = defaultCapacity,
  allocate: (count: number) => SharedFloats = newSharedFloats,
): SharedMemoryOfGroup {
  return {
    size,
    capacity,
    values: allocate((size + 1) * wholeBlocks(capacity)),
    weights: new SharedArrayBuffer(size * Float64Array.BYTES_PER_ELEMENT),
    control: new SharedArrayBuffer(Object.keys(control).length * Int32Array.BYTES_PER_ELEMENT),
    reason: new SharedArrayBuffer(maxReasonBytes),
  };
}

/** Rounds a number of values up to whole blocks. */
function wholeBlocks(length: number): number {
  return Math.ceil(length / blockLength) * blockLength;
}

/** Makes the methods of all members throw, now and later. Any thread may call it, such as the main thread when a member has
 * failed. Only the first call has an effect.
 * @param reason the message of the errors, such as `tower 1: out of memory` */
export function failSharedGroup(memory: SharedMemoryOfGroup, reason: string = 'another tower failed'): void {
  const words = new Int32Array(memory.control);
  if (Atomics.exchange(words, control.failing, 1) === 1) return;
  const text = new Uint8Array(maxReasonBytes);
  const { written } = new TextEncoder().encodeInto(reason, text);
  new Uint8Array(memory.reason).set(text);
  Atomics.store(words, control.reasonLength, written);
  Atomics.store(words, control.failed, 1);
  Atomics.add(words, control.round, 1);
  Atomics.notify(words, control.round);
}

/** The other processes of a nested group, as one thread sees them. */
interface Outside {
  /** The number of threads of each process. */
  readonly threads: readonly number[];
  /** Where this thread is among the threads of all processes. */
  readonly place: Place;
  /** The group of processes. Only the first thread takes part in it. */
  readonly process: Collective | undefined;
}

export class SharedGroup implements Collective {
  readonly rank: number;
  readonly size: number;
  readonly #memory: SharedMemoryOfGroup;
  readonly #thread: number;
  readonly #outside: Outside | undefined;
  readonly #words: Int32Array;
  readonly #weights: Float64Array;
  readonly #loops: Loops;
  /** The regions of all threads. */
  readonly #regions: readonly Float32Array[];
  readonly #own: Float32Array;
  readonly #sums: Float32Array;
  readonly #vote = new Float32Array(1);

  /** @param thread the number of this thread among those that share the memory
   * @param outside the other processes, if there are any */
  constructor(memory: SharedMemoryOfGroup, thread: number, outside?: Outside) {
    const { size, capacity, values } = memory;
    const room = wholeBlocks(capacity);
    const region = (index: number) => new Float32Array(values.buffer, index * room * 4, room);
    this.rank = outside?.place.rank ?? thread;
    this.size = outside?.place.size ?? size;
    this.#memory = memory;
    this.#thread = thread;
    this.#outside = outside;
    this.#words = new Int32Array(memory.control);
    this.#weights = new Float64Array(memory.weights);
    this.#loops = loopsOver(values);
    this.#regions = Array.from({ length: size }, (_, index) => region(index));
    this.#own = this.#regions[thread] ?? region(thread);
    this.#sums = region(size);
  }

  sum(parts: readonly Float32Array[], weight: number = 1): void {
    this.#weights[this.#thread] = weight;
    for (const round of rounds(parts, this.#memory.capacity)) this.#sumRound(round);
  }

  broadcast(bytes: Uint8Array, root: number): void {
    // When the last call has returned, no member reads a region any more, but the sums of that call may still be copied.
    const [region = this.#own] = this.#regions;
    const room = new Uint8Array(region.buffer, region.byteOffset, region.byteLength);
    for (let first = 0; first < bytes.length; first += room.length) {
      const chunk = bytes.subarray(first, first + room.length);
      if (this.rank === root) room.set(chunk);
      this.#meet();
      const shared = room.subarray(0, chunk.length);
      this.#betweenProcesses((group, { threads }) => group.broadcast(shared, processOf(root, threads)));
      if (this.rank !== root) chunk.set(shared);
      this.#meet();
    }
  }

  barrier(): void {
    this.#meet();
    this.#betweenProcesses((group) => group.barrier());
  }

  allAgree(agrees: boolean): boolean {
    this.#vote[0] = agrees ? 1 : 0;
    this.sum([this.#vote]);
    return this.#vote[0] === this.size;
  }

  leave(): void {
    this.#outside?.process?.leave();
  }

  #sumRound({ pieces, length }: Round): void {
    for (const { values, at } of pieces) this.#own.set(values, at);
    this.#meet();
    this.#addUp(length);
    this.#meet();
    this.#betweenProcesses((group) => group.sum([this.#sums.subarray(0, length)]));
    for (const { values, at } of pieces) values.set(this.#sums.subarray(at, at + values.length));
  }

  /** Adds up the slice of this thread.
   * @param length the number of values of the round. The rest of the last block is added up too, and not used */
  #addUp(length: number): void {
    const slice = wholeBlocks(length / this.#regions.length);
    const first = this.#thread * slice;
    const end = Math.min(wholeBlocks(length), first + slice);
    const at = ({ byteOffset }: Float32Array, index: number) =>
      byteOffset + index * Float32Array.BYTES_PER_ELEMENT;
    const lists = this.#regions.map((region) => at(region, first));
    addWeighted(
      this.#loops,
      { first: at(this.#sums, first), end: at(this.#sums, end) },
      lists,
      this.#weights,
    );
  }

  /** Lets the first thread of every process do something with the group of processes, while the other threads wait. */
  #betweenProcesses(act: (group: Collective, outside: Outside) => void): void {
    if (this.#outside === undefined) return;
    const { process } = this.#outside;
    if (process !== undefined) {
      try {
        act(process, this.#outside);
      } catch (error) {
        failSharedGroup(this.#memory, messageOf(error));
        throw error;
      }
    }
    this.#meet();
  }

  /** Returns when all threads that share the memory have called this method.
   * @throws RunError when a member has failed */
  #meet(): void {
    const words = this.#words;
    // The round is read first. If the group fails after that, the round has changed, and nothing waits.
    const round = Atomics.load(words, control.round);
    this.#requireAlive();
    if (Atomics.add(words, control.arrived, 1) === this.#regions.length - 1) {
      // The others wait until the round changes, so none of them can arrive at the next meeting before the count is 0.
      Atomics.store(words, control.arrived, 0);
      Atomics.add(words, control.round, 1);
      Atomics.notify(words, control.round);
    } else {
      while (Atomics.load(words, control.round) === round) Atomics.wait(words, control.round, round);
    }
    this.#requireAlive();
  }

  /** @throws RunError when a member has failed */
  #requireAlive(): void {
    if (Atomics.load(this.#words, control.failed) === 0) return;
    const length = Atomics.load(this.#words, control.reasonLength);
    throw new RunError(new TextDecoder().decode(new Uint8Array(this.#memory.reason).slice(0, length)));
  }
}

/** A part of the values of a member, and its position among the values of the round. */
interface Piece {
  readonly values: Float32Array;
  readonly at: number;
}

/** Values that are added up at once. */
interface Round {
  readonly pieces: readonly Piece[];
  readonly length: number;
}

/** Cuts the values into rounds of at most `capacity` values. */
function rounds(parts: readonly Float32Array[], capacity: number): readonly Round[] {
  const all: Round[] = [];
  let pieces: Piece[] = [];
  let length = 0;
  const end = () => {
    if (length > 0) all.push({ pieces, length });
    pieces = [];
    length = 0;
  };
  for (const part of parts)
    for (let first = 0; first < part.length; ) {
      const values = part.subarray(first, first + capacity - length);
      pieces.push({ values, at: length });
      first += values.length;
      length += values.length;
      if (length === capacity) end();
    }
  end();
  return all;
}
