/** Tests the tools that measure and draw the curve of precision and training time. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { recipeFor, recipes } from '../recipe/recipes.ts';
import { parseRecipe } from '../run/recipe-toml.ts';
import { elements, parsePage, textIn } from '../testing/report-pages.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-curve-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const tool = fileURLToPath(new URL('../../tools/draw_curve.mjs', import.meta.url));

function drawn(points: readonly object[]) {
  const [file, out] = [join(folder, 'points.json'), join(folder, 'curve.svg')];
  writeFileSync(file, JSON.stringify({ points }));
  const { status, stderr } = spawnSync(process.execPath, [tool, '--points', file, '--out', out], {
    encoding: 'utf8',
  });
  return { status, stderr, read: () => readFileSync(out, 'utf8') };
}

/** A point of two runs, whose precision is 0.01 lower and higher than `precision`. */
function point(program: string, width: number, minutes: number, precision: number) {
  const runs = [-0.01, 0.01].map((off, seed) => ({
    ...{ seed, precision: 0.5, ttaPrecision: precision + off, seconds: minutes * 60 * (1 + off) },
  }));
  return { program, variant: '', recipe: 'airbench', width, epochs: 3, batchSize: 512, machine: '', runs };
}

test('the curve has a mark for every point, at its mean, and a name for every series', () => {
  const { status, stderr, read } = drawn([
    point('cifar10', 1, 10, 0.92),
    point('cifar10', 0.5, 1, 0.82),
    point('PyTorch', 0.5, 2, 0.82),
  ]);
  assert.equal(status, 0, stderr);
  const page = parsePage(`<!DOCTYPE html>\n${read()}`);
  const marks = elements(page, 'circle').filter(({ children }) => children.length > 0);
  assert.deepEqual(
    marks.map((mark) => textIn(mark)),
    [
      '0.5 × 3 epochs, batches of 512: 0.8200 in 1.0 minutes',
      '1 × 3 epochs, batches of 512: 0.9200 in 10.0 minutes',
      '0.5 × 3 epochs, batches of 512: 0.8200 in 2.0 minutes',
    ],
  );
  const [first, second, third] = marks.map(({ attributes }) =>
    [attributes['cx'], attributes['cy']].map(Number),
  );
  assert.ok((first?.[0] ?? 0) < (third?.[0] ?? 0) && (third?.[0] ?? 0) < (second?.[0] ?? 0));
  assert.equal(first?.[1], third?.[1]);
  assert.ok((second?.[1] ?? 0) < (first?.[1] ?? 0), 'a higher precision is further up');
  const names = elements(page, 'text').map(textIn);
  for (const name of ['cifar10, airbench, batches of 512', 'PyTorch, airbench, batches of 512'])
    assert.ok(names.includes(name), name);
});

test('points with another batch size or of another machine are another series', () => {
  const one = point('cifar10', 1, 10, 0.92);
  const { status, stderr, read } = drawn([one, { ...one, batchSize: 128 }, { ...one, machine: 'B' }]);
  assert.equal(status, 0, stderr);
  const names = elements(parsePage(`<!DOCTYPE html>\n${read()}`), 'text').map(textIn);
  for (const name of ['batches of 512', 'batches of 128', 'batches of 512, B'])
    assert.ok(names.includes(`cifar10, airbench, ${name}`), name);
});

test('the batch size of a recipe that fits it does not make another series', () => {
  const one = { ...point('cifar10', 1, 10, 0.92), recipe: 'fast' };
  const { status, stderr, read } = drawn([one, { ...one, width: 0.5, batchSize: 128 }]);
  assert.equal(status, 0, stderr);
  const names = elements(parsePage(`<!DOCTYPE html>\n${read()}`), 'text').map(textIn);
  assert.equal(names.filter((name) => name === 'cifar10, fast').length, 1);
});

test('a file without points is refused', () => {
  const { status, stderr } = drawn([]);
  assert.equal(status, 1);
  assert.match(stderr, /has no points; measure some with tools\/measure_curve\.mjs/);
});

interface Settings {
  readonly batchSize: number;
  readonly toml: string;
  readonly peer: { readonly recipe: string; readonly biasEpochs: number };
}
const settings = new URL('../../tools/curve_settings.mjs', import.meta.url).href;
const { settingsOf } = (await import(settings)) as {
  readonly settingsOf: (name: string, batchSize?: number, epochs?: number) => Settings;
};

/** Returns the rate of a parameter per mean loss of a batch, and the share that its decay subtracts, at the highest rate. */
function effective(toml: string, match: string | undefined): readonly [rate: number, decay: number] {
  const { hyperparameters = {}, groups = [] } = parseRecipe(toml, 'curve.toml');
  const { learningRate = Number.NaN, weightDecay = Number.NaN } = hyperparameters;
  const group = match === undefined ? undefined : groups.find((one) => one.match === match);
  assert.ok(match === undefined || group, match);
  const rate = learningRate * (group?.learningRate ?? 1);
  return [rate, rate * weightDecay * (group?.weightDecay ?? 1)];
}

/** The constants of bench/peers/airbench_model.py, whose rates are those of the sum of the losses. */
const peer = readFileSync(new URL('../../bench/peers/airbench_model.py', import.meta.url), 'utf8');
function constant(name: string): number {
  for (const [, names = '', values = ''] of peer.matchAll(/^([A-Z_, ]+) = ([-\d., e]+)$/gm)) {
    const index = names.split(', ').indexOf(name);
    if (index !== -1) return Number(values.split(', ')[index]);
  }
  assert.fail(`airbench_model.py has no ${name}`);
}

for (const batchSize of [512, 2000])
  test(`the rates and decays of both programs are the same for batches of ${batchSize}`, () => {
    const [lr, decay, scaler, momentum] = ['LR', 'DECAY', 'BIAS_SCALER', 'MOMENTUM'].map(constant);
    const kilostep = 1024 * (1 + 1 / (1 - (momentum ?? 0)));
    const rate = ((lr ?? 0) / kilostep) * batchSize;
    const share = ((decay ?? 0) * batchSize) / kilostep;
    const muonDecay = constant('MUON_DECAY') * batchSize;
    const bias = [constant('BIAS_LR') * batchSize, muonDecay] as const;
    const muon = [
      ['group*/weights', [constant('MUON_LR'), 0]],
      ['*/beta', bias],
      ['whiten/biases', bias],
      ['softmax_linear/weights', [constant('LAST_LR') * (9 / 256) ** 2 * batchSize, muonDecay]],
    ] as const;
    for (const [recipe, expected] of [
      [
        'airbench',
        [
          [undefined, [rate, share]],
          ['whiten/biases', [rate, share]],
          ['*/beta', [rate * (scaler ?? 0), share]],
        ],
      ],
      ['airbench-muon', muon],
      ['fast', muon],
      ['best', muon],
    ] as const) {
      const { toml, ...found } = settingsOf(recipe, batchSize);
      assert.equal(found.batchSize, batchSize);
      assert.equal(parseRecipe(toml, 'curve.toml').batchSize, batchSize);
      for (const [match, values] of expected)
        effective(toml, match).forEach((value, index) => {
          const [wanted = Number.NaN] = values.slice(index);
          assert.ok(
            Math.abs(value - wanted) <= 1e-6 * wanted,
            `${recipe}, ${match}: ${value}, PyTorch ${wanted}`,
          );
        });
    }
  });

test('PyTorch trains the biases of the whitening layer for as many epochs', () => {
  assert.deepEqual(settingsOf('airbench').peer, { recipe: 'airbench', biasEpochs: constant('BIAS_EPOCHS') });
  for (const [recipe, epochs, batchSize] of [
    ['airbench-muon', 3, 2000],
    ['fast', recipes.fast.groups.find(({ match }) => match === 'whiten/biases')?.epochs, 1024],
  ] as const) {
    const { toml, ...found } = settingsOf(recipe);
    const group = parseRecipe(toml, 'curve.toml').groups?.find(({ match }) => match === 'whiten/biases');
    assert.equal(group?.epochs, epochs);
    assert.deepEqual(found, { batchSize, peer: { recipe: 'airbench-muon', biasEpochs: epochs } });
  }
});

test('a point of a recipe that fits its epochs has the batches and biases of such a run', () => {
  const expected = recipeFor('fast', 50_000, { epochs: 3 });
  const { toml, batchSize, peer: ofPeer } = settingsOf('fast', undefined, 3);
  assert.deepEqual([batchSize, ofPeer.biasEpochs], [256, (3 * 3) / 8]);
  const { groups } = parseRecipe(toml, 'curve.toml');
  assert.deepEqual(groups, expected.groups);
  assert.equal(settingsOf('fast', 512, 3).peer.biasEpochs, (3 * 3) / 8);
});

test('a recipe that PyTorch does not train is refused', () => {
  assert.throws(
    () => settingsOf('tutorial'),
    /^Error: --recipe: found tutorial, expected one that PyTorch trains too/,
  );
});
