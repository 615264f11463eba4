/** Compares Muon with PyTorch (test/fixtures/muon.py): the iteration alone, and updates with the settings of airbench. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Graph } from '../graph/graph.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { float32, type Shape, scalar } from '../tensor/tensor.ts';
import { assertClose, relativeDistance } from '../testing/compare.ts';
import { engineVariants, float32Variants } from '../testing/engines.ts';
import { computeGraph, type Reference } from '../testing/reference.ts';
import { muon } from './muon.ts';
import { orthogonalized } from './newton-schulz.ts';
import { applyOptimizers } from './update.ts';

type ByName<T> = Readonly<Record<string, T>>;
interface Fixture {
  readonly matrices: ByName<{
    readonly shape: Shape;
    readonly matrix: readonly number[];
    /** The results in float64, by the number of iterations. */
    readonly iterations: ByName<readonly number[]>;
    /** The result of five iterations with PyTorch's bfloat16. */
    readonly rounded: readonly number[];
  }>;
  readonly options: ByName<number>;
  readonly rates: readonly number[];
  readonly updates: ByName<{
    readonly shape: Shape;
    readonly start: readonly number[];
    readonly gradients: readonly (readonly number[])[];
    readonly filters: readonly (readonly number[])[];
  }>;
}
const fixture = JSON.parse(
  readFileSync(new URL('../../test/fixtures/muon.json', import.meta.url), 'utf8'),
) as Fixture;

const referenceOf = (shape: Shape, values: readonly number[]): Reference => ({
  shape,
  data: Float64Array.from(values),
});
const tensorOf = (shape: Shape, values: readonly number[]) => float32(shape, Float32Array.from(values));

/** Makes a graph that orthogonalizes every matrix of the fixture. */
function orthogonalizing(iterations: number): Graph {
  const builder = new GraphBuilder('orthogonalize');
  for (const [name, { shape }] of Object.entries(fixture.matrices)) {
    const matrix = builder.input(name, { dtype: 'float32', shape });
    builder.output(`${name} made orthogonal`, orthogonalized(builder.op, matrix, iterations));
  }
  return builder.build();
}

describe('the Newton–Schulz iteration', () => {
  test('agrees with PyTorch in float64', () => {
    for (const iterations of [1, 3, 5]) {
      const matrices = Object.entries(fixture.matrices);
      const found = computeGraph(
        orthogonalizing(iterations),
        new Map(matrices.map(([name, { shape, matrix }]) => [name, referenceOf(shape, matrix)])),
      );
      for (const [name, { shape, iterations: expected }] of matrices)
        assertClose(
          found.get(`${name} made orthogonal`),
          referenceOf(shape, expected[iterations] ?? []),
          1e-6,
          `${name}, ${iterations} iterations`,
        );
    }
  });

  for (const { title, skip, create, precision } of engineVariants)
    test(`agrees with PyTorch on ${title}`, { skip }, async () => {
      const session = await create(1).compile(orthogonalizing(5));
      try {
        const matrices = Object.entries(fixture.matrices);
        const found = await session.step(
          new Map(matrices.map(([name, { shape, matrix }]) => [name, tensorOf(shape, matrix)])),
        );
        for (const [name, { shape, iterations, rounded }] of matrices) {
          const expected = iterations[5] ?? [];
          // Rounding turns the singular values of 0 into small ones, which the iteration makes large.
          const tolerance =
            precision === 'float32' ? 1e-4 : Math.max(0.1, 1.5 * relativeDistance(rounded, expected));
          assertClose(found.get(`${name} made orthogonal`), referenceOf(shape, expected), tolerance, name);
        }
      } finally {
        await session.release();
      }
    });

  test('the singular values become nearly 1, and zeros stay zeros', () => {
    const { shape, iterations } = fixture.matrices['wide'] ?? assert.fail('no wide matrix');
    const [rows = 0, columns = 0] = shape;
    const found = iterations[5] ?? [];
    const row = (index: number) => found.slice(index * columns, (index + 1) * columns);
    for (let i = 0; i < rows; i++) {
      const length = Math.sqrt(row(i).reduce((sum, value) => sum + value ** 2, 0));
      assert.ok(length > 0.68 && length < 1.21, `the length of row ${i} is ${length}`);
    }
    assert.ok(fixture.matrices['zeros']?.iterations[5]?.every((value) => value === 0));
  });
});

describe('updates of scaled filters agree with PyTorch', () => {
  const options = {
    ...{ momentum: 0, newtonSchulzSteps: 0, weightNorm: 0, beta1: 0, beta2: 0, epsilon: 0 },
    ...fixture.options,
  };
  const updating = (): Graph => {
    const builder = new GraphBuilder('muon');
    const rate = builder.input('learning_rate', { dtype: 'float32', shape: [] });
    const trained = Object.entries(fixture.updates).map(([name, { shape }]) => ({
      variable: builder.variable(name, { dtype: 'float32', shape }),
      gradient: builder.input(`${name}/gradients`, { dtype: 'float32', shape }),
      ...{ optimizer: muon, options, learningRateFactor: 1, weightDecay: 0 },
    }));
    applyOptimizers(builder, rate, [], trained);
    builder.output('rate', rate);
    return builder.build();
  };

  for (const { title, missing, create } of float32Variants)
    test(title, { skip: missing }, async () => {
      const session = await create(1).compile(updating());
      const cases = Object.entries(fixture.updates);
      try {
        await session.write(
          new Map(
            cases.flatMap(([name, { shape, start }]) => [
              [name, tensorOf(shape, start)] as const,
              [
                `${name}/Momentum`,
                tensorOf(
                  shape,
                  start.map(() => 0),
                ),
              ] as const,
            ]),
          ),
        );
        for (const [step, rate] of fixture.rates.entries()) {
          const gradients = cases.map(
            ([name, { shape, gradients }]) =>
              [`${name}/gradients`, tensorOf(shape, gradients[step] ?? [])] as const,
          );
          await session.step(new Map([['learning_rate', scalar(rate)] as const, ...gradients]));
          const found = await session.read();
          for (const [name, { shape, filters }] of cases) {
            const expected = referenceOf(shape, filters[step] ?? []);
            assertClose(found.get(name), expected, 1e-4, `${name}, update ${step}`);
          }
        }
      } finally {
        await session.release();
      }
    });
});
