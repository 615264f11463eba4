import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineSupport } from '../engine/engines.ts';
import { engineVariants } from '../testing/engines.ts';
import { findVariants } from './variants.ts';

test('variants are measured, emulated or missing, as the engines report', () => {
  const { available, missing } = findVariants({}, [1, 2]);
  for (const { engine, precision } of engineVariants) {
    const support = engineSupport(engine, precision);
    const found = available.filter((one) => one.engine.name === engine && one.engine.precision === precision);
    const absent = missing.find(({ title }) => title === `${engine} ${precision}`);
    if (support.verdict === 'fast' || support.verdict === 'slow') {
      assert.deepEqual(
        found.map((one) => [one.engine.threads, one.emulated]),
        [1, 2].map((threads) => [threads, support.verdict === 'slow']),
      );
      assert.equal(absent, undefined);
    } else {
      assert.deepEqual(found, []);
      assert.equal(absent?.why, support.why);
    }
  }
});

test('titles say "1 thread" and "2 threads"', () => {
  const { available } = findVariants({ engine: 'onnx' }, [1, 2]);
  assert.deepEqual(
    available.map(({ title }) => title),
    ['onnx float32, 1 thread', 'onnx float32, 2 threads'],
  );
});
