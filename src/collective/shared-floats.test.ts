import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SharedFloats } from './group-start.ts';
import { javaScriptFloats, loopsOver, newSharedFloats } from './shared-floats.ts';

/** Values of all magnitudes, among them subnormal numbers, infinities, NaN and zeros of both signs. */
const unusual = [0, -0, 1e-45, -1e-39, 3e38, -3e38, Number.POSITIVE_INFINITY, Number.NaN, 1 + 2 ** -23];
const valueAt = (index: number) => unusual[index % 29] ?? Math.sin(index * 7.3) * 10 ** ((index % 61) - 30);

/** Returns what the loops make of the same values in this memory. */
function results(floats: SharedFloats): Uint32Array {
  const all = new Float32Array(floats.buffer);
  for (let index = 0; index < 4096; index++) all[index] = valueAt(index);
  const { scale, add } = loopsOver(floats);
  scale(4096 * 4, 5120 * 4, 16, 1 / 3);
  add(4096 * 4, 5120 * 4, 1024 * 4, 0.1);
  add(4096 * 4 + 16, 5120 * 4, 2048 * 4, -7);
  return new Uint32Array(floats.buffer).slice(4096, 6000);
}

test('loops give the same bits in WebAssembly and in JavaScript', () => {
  const floats = newSharedFloats(6000);
  assert.notEqual(Object.getPrototypeOf(floats), Object.prototype, 'a WebAssembly memory');
  assert.deepEqual(results(floats), results(javaScriptFloats(6000)));
});

test('products and sums are rounded to float32, in order', () => {
  const found = new Float32Array(results(newSharedFloats(6000)).buffer);
  const float = Math.fround;
  const at = 200;
  const [one, two, three] = [at + 4, at + 1024, at + 2048 - 4].map((index) => float(valueAt(index)));
  const twice = float(float((one ?? 0) * float(1 / 3)) + float((two ?? 0) * float(0.1)));
  assert.equal(found[at], float(twice + float((three ?? 0) * -7)));
});
