/** Compares the first steps of the recipe with those of airbench94_muon.py (test/fixtures/airbench_muon_steps.py). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Engine, Tensors } from '../../engine/engine.ts';
import { makeNetwork } from '../../model/networks.ts';
import { float32, float32Data, scalar, type Tensor } from '../../tensor/tensor.ts';
import { float32Variants } from '../../testing/engines.ts';
import { formulaLabels, formulaTensor } from '../../testing/fixtures.ts';
import { buildTrainingGraph, initialVariables, stepScalars } from '../../training/training-graph.ts';
import { airbenchMuonRecipe } from './airbench-muon.ts';

interface Fixture {
  readonly batch: number;
  readonly crossEntropies: readonly number[];
  /** The change of each parameter over all steps: its norm, and its products with two tensors of the formula. */
  readonly changes: Readonly<
    Record<string, { readonly norm: number; readonly probes: readonly [number, number] }>
  >;
}
const fixture = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/airbench-muon-steps.json', import.meta.url), 'utf8'),
) as Fixture;
const { batch, crossEntropies, changes } = fixture;
const steps = crossEntropies.length;
const { hyperparameters, groups } = airbenchMuonRecipe;
const recipe = {
  network: makeNetwork('airbench', 10, { width: 0.25 }),
  ...{ batchSize: batch, groups, hyperparameters: { ...hyperparameters, decaySteps: steps } },
};

// The second step depends on single cells that are nearly the maximum of their window, which devices may choose differently.
for (const { title, missing, create } of float32Variants.filter(({ device }) => device === 'cpu'))
  test(`${steps} steps of airbench-muon on ${title} agree with PyTorch`, { skip: missing }, async () => {
    const { start, after, entropies } = await trained(create(1));
    entropies.forEach((entropy, step) => {
      const expected = crossEntropies[step] ?? Number.NaN;
      assert.ok(Math.abs(entropy - expected) <= 1e-4, `step ${step}: ${entropy}, PyTorch ${expected}`);
    });
    for (const [index, [name, { norm, probes }]] of Object.entries(changes).entries()) {
      const [before, now] = [start, after].map((tensors) => values(tensors, name));
      const change = (now ?? []).map((value, at) => value - (before?.[at] ?? Number.NaN));
      const product = (other: ArrayLike<number>) =>
        change.reduce((sum, value, at) => sum + value * (other[at] ?? Number.NaN), 0);
      const shape = start.get(name)?.shape ?? [];
      const found = [0, 1].map((probe) => product(formulaTensor(shape, 2000 + 2 * index + probe, 1).data));
      const all = [Math.sqrt(product(change)), ...found];
      [norm, ...probes].forEach((expected, at) => {
        const difference = Math.abs((all[at] ?? Number.NaN) - expected);
        assert.ok(difference <= 1e-4 * norm, `${name}, ${at}: ${all[at]}, PyTorch ${expected}`);
      });
    }
  });

/** Trains with the batches of the fixture, and returns the variables before and after. */
async function trained(engine: Engine) {
  const training = buildTrainingGraph(recipe);
  const whitening = formulaTensor([24, 3, 2, 2], 99, 0.5);
  const parameters = training.parameters.map(({ variable: { name, shape } }, index) => {
    const scale = name.endsWith('weights') ? 0.1 : 0.05;
    return [name, formulaTensor(shape, 100 + index, scale)] as const;
  });
  const given = new Map([
    ...training.states.map(({ variable: { name, shape } }) => {
      const tensor = name === 'whiten/weights' ? whitening : formulaTensor(shape, 0, 0);
      return [name, tensor] as const;
    }),
    ...parameters,
  ]);
  assert.deepEqual(
    parameters.map(([name]) => name),
    Object.keys(changes),
  );
  const start = initialVariables(training, 0, given);
  const session = await engine.compile(training.graph);
  try {
    await session.write(start);
    const entropies: number[] = [];
    for (let step = 0; step < steps; step++) {
      const found = await session.step(feedsOf(step));
      entropies.push(Number(found.get('cross_entropy')?.data[0]));
    }
    return { start, after: await session.read(), entropies };
  } finally {
    await session.release();
  }
}

function values(tensors: Tensors, name: string): readonly number[] {
  const tensor = tensors.get(name);
  return tensor === undefined ? [] : [...float32Data(tensor)];
}

/** Makes a batch in which each image is the pattern of its class with noise, and the scalars of the step. */
function feedsOf(step: number): ReadonlyMap<string, Tensor> {
  const labels = formulaLabels(batch, 50 + step);
  const noise = formulaTensor([batch, 3, 32, 32], 1000 + step, 1).data;
  const images = noise.map((value, index) => {
    const label = labels[Math.floor(index / 3072)] ?? 0;
    return value + (pattern(label)[index % 3072] ?? 0);
  });
  return new Map<string, Tensor>([
    ['images', float32([batch, 3, 32, 32], images)],
    ['labels', { dtype: 'int32', shape: [batch], data: labels }],
    ...[...stepScalars(step, 50_000, recipe)].map(([name, value]) => [name, scalar(value)] as const),
  ]);
}

const patterns = new Map<number, Float32Array>();
function pattern(label: number): Float32Array {
  const known = patterns.get(label) ?? formulaTensor([3, 32, 32], 500 + label, 1).data;
  patterns.set(label, known);
  return known;
}
