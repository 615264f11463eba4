/**
 * What every group of workers must do. The same cases run with every kind of group (`collective.test.ts`). All members of a group
 * run the same case, each in its own thread or process, and check what they get.
 */
import assert from 'node:assert/strict';
import type { Collective } from '../collective/collective.ts';

type Case = (group: Collective) => void;

const lists: readonly (readonly [title: string, lengths: readonly number[]])[] = [
  ['one value', [1]],
  ['fewer values than members', [2]],
  ['lists of many lengths, some of them empty', [0, 1, 7, 0, 1000, 33, 3, 0]],
  ['a list longer than the memory of the group', [5, 4099, 12]],
  ['nothing', []],
  ['only empty lists', [0, 0]],
];

const sums: readonly (readonly [string, Case])[] = lists.map(([title, lengths]) => [
  `adds up: ${title}`,
  (group) => {
    const weight = (member: number) => (member + 1) / 8;
    const parts = lengths.map((length, part) => valuesOf(group.rank, part, length));
    group.sum(parts, weight(group.rank));
    requireSameEverywhere(group, parts);
    parts.forEach((found, part) => {
      const terms = members(group).map(
        (member) => [valuesOf(member, part, found.length), weight(member)] as const,
      );
      for (const [index, value] of found.entries()) {
        const exact = terms.reduce((sum, [values, factor]) => sum + (values[index] as number) * factor, 0);
        assert.ok(
          Math.abs(value - exact) < 1e-5,
          `part ${part}, element ${index}: ${value}, expected ${exact}`,
        );
      }
    });
  },
]);

const broadcasts: readonly (readonly [string, Case])[] = [0, 1, 1000, 50_001].map((length) => [
  `copies ${length} bytes from each member to all others`,
  (group) => {
    for (const root of members(group)) {
      const expected = bytesOf(root, length);
      const bytes = group.rank === root ? bytesOf(root, length) : new Uint8Array(length).fill(99);
      group.broadcast(bytes, root);
      assert.deepEqual(bytes, expected, `from member ${root}`);
    }
  },
]);

export const collectiveCases: Readonly<Record<string, Case>> = {
  'numbers its members from 0': (group) => {
    const present = new Float32Array(group.size);
    present[group.rank] = 1;
    group.sum([present]);
    assert.deepEqual(present, new Float32Array(group.size).fill(1));
  },
  ...Object.fromEntries(sums),
  'adds up to the same bits, however fast the members are': (group) => {
    // Terms of different sizes: another order would give other bits.
    const add = (delay: number) => {
      const values = valuesOf(group.rank, 9, 3000).map((value, index) => value * 10 ** (index % 7));
      sleep(delay);
      group.sum([values], 1 / 3);
      return values;
    };
    const expected = add(0);
    for (const slow of members(group)) assert.deepEqual(add(slow === group.rank ? 10 : 0), expected);
  },
  'adds up many times in a row': (group) => {
    const values = new Float32Array(3);
    for (let round = 0; round < 300; round++) {
      values.fill(round + group.rank);
      group.sum([values]);
      const expected = group.size * round + (group.size * (group.size - 1)) / 2;
      assert.deepEqual(values, new Float32Array(3).fill(expected));
    }
  },
  'adds up NaN and infinity as they are': (group) => {
    const values = Float32Array.of(
      group.rank === 0 ? Number.NaN : 1,
      group.rank === 0 ? Number.POSITIVE_INFINITY : 1,
    );
    group.sum([values]);
    assert.deepEqual(values, Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY));
  },
  ...Object.fromEntries(broadcasts),
  'copies values bit by bit': (group) => {
    const bits = Uint32Array.of(0x7fa0_0001, 0x8000_0000, 1, 0xffff_ffff);
    const values = group.rank === 0 ? bits.slice() : new Uint32Array(4);
    group.broadcast(new Uint8Array(values.buffer), 0);
    assert.deepEqual(values, bits);
  },
  'waits for the slowest member': (group) => {
    for (const slow of members(group)) {
      if (group.rank === slow) sleep(5);
      const arrived = Date.now();
      group.barrier();
      const left = Date.now();
      for (const other of members(group)) {
        const itsArrival = Float64Array.of(arrived);
        group.broadcast(new Uint8Array(itsArrival.buffer), other);
        assert.ok(left >= (itsArrival[0] as number), `member ${group.rank} left before ${other} arrived`);
      }
    }
  },
  'agrees only if every member does': (group) => {
    assert.equal(group.allAgree(true), true);
    assert.equal(group.allAgree(false), false);
    for (const other of members(group)) assert.equal(group.allAgree(group.rank !== other), false);
    assert.equal(group.allAgree(true), true);
  },
};

function members(group: Collective): readonly number[] {
  return Array.from({ length: group.size }, (_, member) => member);
}

/** Returns the values of a member, in −1 … 1. */
function valuesOf(member: number, part: number, length: number): Float32Array {
  return Float32Array.from({ length }, (_, index) => Math.sin(1000 * member + 100 * part + 0.7 * index));
}

function bytesOf(member: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 7 + member * 31) % 251);
}

function requireSameEverywhere(group: Collective, parts: readonly Float32Array[]): void {
  for (const part of parts) {
    const first = new Uint8Array(part.slice().buffer);
    group.broadcast(first, 0);
    assert.deepEqual(new Uint8Array(part.slice().buffer), first, 'the same bits at every member');
  }
}

function sleep(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
