import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineSupport } from '../engine/engines.ts';
import { findVariants } from './variants.ts';

test('what is measured, emulated or missing is what the engines say they can do here', () => {
  const { there, missing } = findVariants({}, [1, 2]);
  const every = [
    ['onnx', 'float32'],
    ['onednn', 'float32'],
    ['onednn', 'bfloat16'],
  ] as const;
  for (const [engine, precision] of every) {
    const support = engineSupport(engine, precision);
    const found = there.filter((one) => one.engine.name === engine && one.engine.precision === precision);
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

test('one thread is singular, and an emulated variant says so', () => {
  const { there } = findVariants({ engine: 'onnx' }, [1, 2]);
  assert.deepEqual(
    there.map(({ title }) => title),
    ['onnx float32, 1 thread', 'onnx float32, 2 threads'],
  );
});
