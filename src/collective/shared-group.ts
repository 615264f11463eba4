/**
 * A group of threads of one process, which share memory.
 *
 *     region 0   │ values of member 0, times its weight │   written by member 0
 *     region 1   │ values of member 1, times its weight │   written by member 1
 *     sums       │ slice 0       │ slice 1              │   slice r is added up by member r, in the order of the regions
 *
 * Every member writes its region, waits for the others, adds up its slice of the sums, waits again, and reads all sums. Sums
 * are added up in the order of the ranks, so they do not depend on which member is faster.
 */
import { RunError } from '../errors.ts';
import type { Collective } from './collective.ts';

/** The memory of a group. It can be sent to threads, which then share it. */
export interface SharedMemoryOfGroup {
  readonly size: number;
  /** How many values the group can add up at once. Longer lists are added up in several rounds. */
  readonly capacity: number;
  /** `size` regions and the sums, of `capacity` float32 values each. */
  readonly values: SharedArrayBuffer;
  /** The elements of `Control`, int32. */
  readonly control: SharedArrayBuffer;
}

/** The indices of the control words. */
const control = {
  /** The number of members that have arrived at the barrier. */
  arrived: 0,
  /** How often all members have arrived. Members wait for it to change. */
  round: 1,
  /** Not 0 when a member has failed. */
  failed: 2,
} as const;

const defaultCapacity = 2 ** 18;

/** Allocates the memory of a group of `size` threads. */
export function newSharedGroup(size: number, capacity: number = defaultCapacity): SharedMemoryOfGroup {
  return {
    size,
    capacity,
    values: new SharedArrayBuffer((size + 1) * capacity * Float32Array.BYTES_PER_ELEMENT),
    control: new SharedArrayBuffer(Object.keys(control).length * Int32Array.BYTES_PER_ELEMENT),
  };
}

/** Makes the methods of all members throw, now and later. Any thread may call it, such as the main thread when a member has
 * failed. */
export function failSharedGroup(memory: SharedMemoryOfGroup): void {
  const words = new Int32Array(memory.control);
  Atomics.store(words, control.failed, 1);
  Atomics.add(words, control.round, 1);
  Atomics.notify(words, control.round);
}

export class SharedGroup implements Collective {
  readonly rank: number;
  readonly size: number;
  readonly #words: Int32Array;
  readonly #regions: readonly Float32Array[];
  readonly #own: Float32Array;
  readonly #sums: Float32Array;

  constructor({ size, capacity, values, control: words }: SharedMemoryOfGroup, rank: number) {
    this.rank = rank;
    this.size = size;
    this.#words = new Int32Array(words);
    const region = (index: number) => new Float32Array(values, index * capacity * 4, capacity);
    this.#regions = Array.from({ length: size }, (_, index) => region(index));
    this.#own = region(rank);
    this.#sums = region(size);
  }

  sum(parts: readonly Float32Array[], weight: number = 1): void {
    for (const round of rounds(parts, this.#sums.length)) {
      this.#sumRound(round, weight);
    }
  }

  broadcast(bytes: Uint8Array, root: number): void {
    const room = new Uint8Array(this.#sums.buffer, this.#sums.byteOffset, this.#sums.byteLength);
    for (let first = 0; first < bytes.length; first += room.length) {
      const chunk = bytes.subarray(first, first + room.length);
      if (this.rank === root) room.set(chunk);
      this.barrier();
      if (this.rank !== root) chunk.set(room.subarray(0, chunk.length));
      this.barrier();
    }
  }

  barrier(): void {
    const round = Atomics.load(this.#words, control.round);
    this.#requireAlive();
    if (Atomics.add(this.#words, control.arrived, 1) === this.size - 1) {
      Atomics.store(this.#words, control.arrived, 0);
      Atomics.add(this.#words, control.round, 1);
      Atomics.notify(this.#words, control.round);
    } else
      while (Atomics.load(this.#words, control.round) === round)
        Atomics.wait(this.#words, control.round, round);
    this.#requireAlive();
  }

  allAgree(agrees: boolean): boolean {
    const votes = new Float32Array([agrees ? 1 : 0]);
    this.sum([votes]);
    return votes[0] === this.size;
  }

  leave(): void {}

  /** @param parts at most as many values as fit in a region */
  #sumRound(parts: readonly Float32Array[], weight: number): void {
    let length = 0;
    for (const part of parts) {
      for (let index = 0; index < part.length; index++)
        this.#own[length + index] = (part[index] as number) * weight;
      length += part.length;
    }
    this.barrier();
    const slice = Math.ceil(length / this.size);
    this.#addUp(this.rank * slice, Math.min(length, (this.rank + 1) * slice));
    this.barrier();
    let from = 0;
    for (const part of parts) {
      part.set(this.#sums.subarray(from, from + part.length));
      from += part.length;
    }
  }

  #addUp(first: number, end: number): void {
    const [one = this.#own, ...others] = this.#regions;
    const sums = this.#sums;
    if (first >= end) return;
    sums.set(one.subarray(first, end), first);
    for (const other of others)
      for (let index = first; index < end; index++)
        sums[index] = (sums[index] as number) + (other[index] as number);
  }

  /** @throws RunError when a member has failed */
  #requireAlive(): void {
    if (Atomics.load(this.#words, control.failed) !== 0) throw new RunError('another tower failed');
  }
}

/** Cuts the values into rounds of at most `capacity` values. */
function rounds(parts: readonly Float32Array[], capacity: number): readonly (readonly Float32Array[])[] {
  const all: Float32Array[][] = [];
  let round: Float32Array[] = [];
  let room = capacity;
  for (const part of parts) {
    for (let first = 0; first < part.length; ) {
      const piece = part.subarray(first, first + room);
      round.push(piece);
      first += piece.length;
      room -= piece.length;
      if (room > 0) continue;
      all.push(round);
      round = [];
      room = capacity;
    }
  }
  if (round.length > 0) all.push(round);
  return all;
}
