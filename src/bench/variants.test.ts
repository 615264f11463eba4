import assert from 'node:assert/strict';
import { test } from 'node:test';
import { engineSupport } from '../engine/engines.ts';
import { engineVariants } from '../testing/engines.ts';
import { divisionsOf, findVariants } from './variants.ts';

test('variants are measured, emulated or missing, as the engines report', () => {
  const { available, missing } = findVariants({}, divisionsOf(2));
  for (const { engine, precision } of engineVariants) {
    const support = engineSupport(engine, precision);
    const found = available.filter((one) => one.engine.name === engine && one.engine.precision === precision);
    const absent = missing.find(({ title }) => title === `${engine} ${precision}`);
    if (support.verdict !== 'impossible' && support.verdict !== 'missing') {
      assert.deepEqual(
        found.map((one) => [one.towers, one.engine.threads, one.emulated]),
        [1, 2].map((towers) => [towers, 2, support.verdict === 'emulated']),
      );
      assert.equal(absent, undefined);
    } else {
      assert.deepEqual(found, []);
      assert.equal(absent?.why, support.why);
    }
  }
});

test('titles say "1 thread", "2 threads" and "2 towers × 1"', () => {
  const { available } = findVariants({ engine: 'onnx', precision: 'float32' }, [
    { towers: 1, threads: 1 },
    ...divisionsOf(2),
  ]);
  assert.deepEqual(
    available.map(({ title }) => title),
    ['onnx float32, 1 thread', 'onnx float32, 2 threads', 'onnx float32, 2 towers × 1'],
  );
});

test('threads are divided among one, two or as many towers as possible', () => {
  const divisions = (threads: number) => divisionsOf(threads).map((one) => `${one.towers} × ${one.threads}`);
  assert.deepEqual(divisions(1), ['1 × 1']);
  assert.deepEqual(divisions(3), ['1 × 3', '3 × 1']);
  assert.deepEqual(divisions(8), ['1 × 8', '2 × 4', '8 × 1']);
});
