import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphError } from '../errors.ts';
import { Layers } from '../model/layers.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { drawMasks } from './dropout-masks.ts';

/** Builds three layers with dropout. */
function network(training: boolean, rate = 0.25) {
  const builder = new GraphBuilder('dropout');
  const layers = new Layers(builder, { training });
  const x = builder.input('x', { dtype: 'float32', shape: [50, 40] });
  const image = builder.input('image', { dtype: 'float32', shape: [2, 3, 4, 5] });
  const y = layers.dropout(layers.dropout(x, { rate }), { rate: 0.5 });
  layers.dropout(image, { rate });
  return { x, y, masks: layers.network(y).masks };
}

const { masks } = network(true);
const valuesOf = (seed: number, step: number) => drawMasks(masks, seed, step).map(([, { data }]) => data);

test('a mask has the shape of its layer, and the fraction of zeros is its rate', () => {
  assert.deepEqual(
    drawMasks(masks, 1, 2).map(([name, { shape }]) => [name, shape]),
    [
      ['dropout_mask_0', [50, 40]],
      ['dropout_mask_1', [50, 40]],
      ['dropout_mask_2', [2, 3, 4, 5]],
    ],
  );
  const [first, second] = valuesOf(1, 2);
  for (const [values, rate] of [[first, 0.25] as const, [second, 0.5] as const]) {
    const kept = Math.fround(1 / (1 - rate));
    assert.deepEqual([...new Set(values)].sort(), [0, kept]);
    const dropped = values?.filter((value) => value === 0).length ?? 0;
    // The tolerance is four standard deviations of the fraction in 2,000 draws.
    assert.ok(Math.abs(dropped / 2000 - rate) < 4 * Math.sqrt((rate * (1 - rate)) / 2000), `${dropped}`);
  }
});

test('a mask depends on seed, step and layer only', () => {
  assert.deepEqual(valuesOf(1, 2), valuesOf(1, 2));
  const drawn = [valuesOf(1, 2), valuesOf(2, 2), valuesOf(1, 3)].map(([first]) => first?.join());
  assert.equal(new Set(drawn).size, 3);
  const equal = drawMasks([...masks.slice(0, 1), ...masks.slice(0, 1)], 1, 2).map(([, { data }]) =>
    data.join(),
  );
  assert.notEqual(equal[0], equal[1]);
  // These bits must not change, because every run with dropout depends on them.
  assert.equal(valuesOf(1, 2)[0]?.slice(0, 24).map(Math.sign).join(''), '001001101101111101101110');
});

test('there is no mask in an evaluation, or with a rate of 0', () => {
  const evaluated = network(false);
  assert.equal(evaluated.y, evaluated.x);
  assert.deepEqual(evaluated.masks, []);
  assert.equal(network(true, 0).masks.length, 1);
});

test('a rate outside 0 … 1 is refused', () => {
  for (const rate of [1, -0.1, Number.NaN])
    assert.throws(
      () => network(true, rate),
      (error) => error instanceof GraphError && /at least 0 and less than 1, found/.test(error.message),
    );
});
