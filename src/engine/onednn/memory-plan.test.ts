import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { planMemory } from './memory-plan.ts';

const lifetime = fc
  .record({ bytes: fc.integer({ min: 1, max: 5000 }), first: fc.nat(30), length: fc.nat(10) })
  .map(({ bytes, first, length }) => ({ bytes, first, last: first + length }));

test('buffers whose lifetimes overlap never overlap in memory; all are aligned to cache lines and inside the planned size', () => {
  fc.assert(
    fc.property(fc.array(lifetime, { maxLength: 40 }), (lifetimes) => {
      const buffers = new Map(lifetimes.map((life, index) => [index, life]));
      const { offsets, bytes } = planMemory(buffers);
      for (const [a, one] of buffers) {
        const start = offsets.get(a) ?? Number.NaN;
        assert.equal(start % 64, 0);
        assert.ok(start + one.bytes <= bytes);
        for (const [b, other] of buffers) {
          if (a === b || one.last < other.first || other.last < one.first) continue;
          const otherStart = offsets.get(b) ?? Number.NaN;
          const apart = start + one.bytes <= otherStart || otherStart + other.bytes <= start;
          assert.ok(apart, `${a} and ${b}`);
        }
      }
    }),
  );
});

test('buffers with disjoint lifetimes share memory', () => {
  const chain = new Map(
    Array.from({ length: 10 }, (_, i) => [i, { bytes: 1024, first: i, last: i + 1 }] as const),
  );
  assert.equal(planMemory(chain).bytes, 2048);
});
