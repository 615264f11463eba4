import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { collectiveCases } from '../testing/collective-cases.ts';
import { type Member, withMembers } from '../testing/group-threads.ts';
import { type GroupStart, placeOf, type SharedMemoryOfGroup } from './group-start.ts';
import { javaScriptFloats } from './shared-floats.ts';
import { failSharedGroup, newSharedGroup } from './shared-group.ts';

/** The number of values per round. It is small, so that lists take several rounds. */
const capacity = 1000;

function threads(memory: SharedMemoryOfGroup): readonly GroupStart[] {
  return Array.from({ length: memory.size }, (_, rank) => ({ kind: 'threads', memory, rank }));
}

/** Returns the members of processes with these numbers of threads. Groups of threads represent the processes. */
function nested(counts: readonly number[]): readonly GroupStart[] {
  const outer = newSharedGroup(counts.length, capacity + 100);
  return counts.flatMap((count, process) => {
    const memory = newSharedGroup(count, capacity);
    const start: GroupStart = { kind: 'threads', memory: outer, rank: process };
    return threads(memory).map((thread) => ({ ...thread, outer: { start, threads: counts } }));
  });
}

const groups: Readonly<Record<string, readonly GroupStart[]>> = {
  'a single member': [{ kind: 'alone' }],
  'a single thread': threads(newSharedGroup(1, capacity)),
  'two threads': threads(newSharedGroup(2, capacity)),
  'three threads': threads(newSharedGroup(3, capacity)),
  'four threads': threads(newSharedGroup(4, capacity)),
  'three threads without WebAssembly': threads(newSharedGroup(3, capacity, javaScriptFloats)),
  'one process with two threads': nested([2]),
  'three processes with one thread': nested([1, 1, 1]),
  'processes with one, three and two threads': nested([1, 3, 2]),
};

for (const [name, starts] of Object.entries(groups))
  describe(`a group of ${name}`, () => {
    test('knows each member and their number', () => {
      const places = starts.map(placeOf);
      assert.deepEqual(
        places,
        starts.map((_, rank) => ({ rank, size: starts.length })),
      );
    });

    test('passes the cases of every group', () =>
      withMembers(starts, async (members) => {
        for (const title of Object.keys(collectiveCases))
          await Promise.all(members.map((member) => member.call('run', [title]))).catch((error) => {
            throw new Error(title, { cause: error });
          });
      }));
  });

describe('sums of threads', () => {
  const values = (rank: number) =>
    Float32Array.from({ length: 10 }, (_, index) => (rank + 1) ** -7 * 10 ** index);

  test('are added up in the order of the ranks', () =>
    withMembers(threads(newSharedGroup(4, 3)), async (members) => {
      const sum =
        'const values = Float32Array.from({ length: 10 }, (_, i) => (group.rank + 1) ** -7 * 10 ** i); group.sum([values]); return values;';
      const [zero, one, two, three] = [0, 1, 2, 3].map(values);
      const expected = zero?.map((value, i) => {
        let total = Math.fround(value + (one?.[i] ?? 0));
        for (const list of [two, three]) total = Math.fround(total + (list?.[i] ?? 0));
        return total;
      });
      for (const found of await evaluate(members, sum)) assert.deepEqual(found, expected);
    }));
});

describe('when a member fails', () => {
  const waits: Readonly<Record<string, string>> = {
    'a barrier': 'group.barrier();',
    'a sum': 'group.sum([new Float32Array(5)]);',
    'the second of several rounds': 'group.sum([new Float32Array(1000)]); group.barrier();',
    'a broadcast': 'group.broadcast(new Uint8Array(5), 0);',
    'an agreement': 'group.allAgree(true);',
  };
  const reason = 'tower 1: out of memory ünd a very '.padEnd(5000, 'long reason ü');

  for (const [what, body] of Object.entries(waits))
    test(`the others throw its error instead of waiting for ${what}`, async () => {
      const memory = newSharedGroup(3, 600);
      await withMembers(threads(memory), async ([zero, , two]) => {
        const waiting = [zero, two].map((member) => refusal(member, body));
        await new Promise((resolve) => setTimeout(resolve, 20));
        failSharedGroup(memory, 'tower 1: out of memory');
        failSharedGroup(memory, 'tower 0: another tower failed');
        assert.deepEqual(await Promise.all(waiting), Array(2).fill('RunError: tower 1: out of memory'));
        assert.equal(
          await refusal(two, 'group.barrier();'),
          'RunError: tower 1: out of memory',
          'later calls',
        );
      });
    });

  test('members that call later throw too', async () => {
    const memory = newSharedGroup(2);
    failSharedGroup(memory);
    await withMembers(threads(memory), async (members) => {
      for (const member of members)
        for (const body of Object.values(waits))
          assert.equal(await refusal(member, body), 'RunError: another tower failed');
    });
  });

  test('a long reason is cut between two characters', async () => {
    const memory = newSharedGroup(2);
    failSharedGroup(memory, reason);
    await withMembers(threads(memory), async ([member]) => {
      const found = (await refusal(member, 'group.barrier();')).replace('RunError: ', '');
      assert.ok(found.length > 1000 && reason.startsWith(found), found);
    });
  });

  test('no member waits, at whatever moment it fails', async () => {
    const body = 'for (let round = 0; round < 1e7; round++) group.sum([new Float32Array(3)]);';
    for (let attempt = 0; attempt < 5; attempt++) {
      const memory = newSharedGroup(3);
      await withMembers(threads(memory), async (members) => {
        const running = members.map((member) => refusal(member, body));
        await new Promise((resolve) => setTimeout(resolve, 5 + attempt));
        failSharedGroup(memory, 'now');
        assert.deepEqual(await Promise.all(running), Array(3).fill('RunError: now'));
      });
    }
  });

  test('a thread that has ended keeps the others waiting only until the group is failed', async () => {
    const memory = newSharedGroup(2);
    await withMembers(threads(memory), async ([zero, one]) => {
      const waiting = refusal(zero, 'group.barrier();');
      await one?.terminate();
      failSharedGroup(memory, 'tower 1 has ended');
      assert.equal(await waiting, 'RunError: tower 1 has ended');
    });
  });

  test('an error between processes reaches all threads of the process', async () => {
    const starts = nested([1, 3]);
    const [first] = starts;
    assert.ok(first?.kind === 'threads' && first.outer?.start.kind === 'threads');
    const { memory } = first.outer.start;
    await withMembers(starts, async ([, ...others]) => {
      const waiting = others.map((member) => refusal(member, 'group.sum([new Float32Array(5)]);'));
      await new Promise((resolve) => setTimeout(resolve, 20));
      failSharedGroup(memory, 'rank 0 failed');
      assert.deepEqual(await Promise.all(waiting), Array(3).fill('RunError: rank 0 failed'));
    });
  });
});

function evaluate(members: readonly Member[], body: string): Promise<readonly unknown[]> {
  return Promise.all(members.map((member) => member.call('evaluate', [body])));
}

/** Returns the error that a member throws. */
function refusal(member: Member | undefined, body: string): Promise<string> {
  return (
    member?.call('evaluate', [body]).then(() => 'no error', String) ??
    Promise.reject(new Error('no such member'))
  );
}
