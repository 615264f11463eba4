import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { makeNetwork, networkNames } from '../model/networks.ts';
import { optimizerNames } from '../optimizer/optimizers.ts';
import { hyperparameterNames, makeHyperparameters } from '../recipe/hyperparameters.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { recipeNames, recipes } from '../recipe/recipes.ts';
import { sampleCheckpoint } from '../testing/checkpoints.ts';
import { alternatives, snakeCase } from '../wording.ts';
import { printRecipe } from './print-recipe.ts';
import { givenBy } from './recipe-source.ts';
import { parseRecipe, recipeKeys } from './recipe-toml.ts';
import type { RunOptions } from './run-options.ts';

const networks = alternatives(networkNames);
const allKeys = recipeKeys.join(', ');

/** For each refusal, the text of the file and the message after `r.toml`. */
const refusals: readonly (readonly [title: string, text: string, message: string])[] = [
  [
    'a misspelled key',
    'seed = 1\nlerning_rate = 0.1',
    ':2: a recipe has no "lerning_rate". Did you mean learning_rate?',
  ],
  [
    'a name as in the library',
    'learningRate = 0.1',
    ':1: a recipe has no "learningRate". Did you mean learning_rate?',
  ],
  [
    'a name as on the command line',
    '"learning-rate" = 1',
    ':1: a recipe has no "learning-rate". Did you mean learning_rate?',
  ],
  ['an unknown key', '\n\nfoo = 1', `:3: a recipe has no "foo"; it has ${allKeys}`],
  ['a key of every object', '__proto__ = 1', `:1: a recipe has no "__proto__"; it has ${allKeys}`],
  [
    'lines with Windows line endings',
    'seed = 1\r\nseeed = 2\r\n',
    ':2: a recipe has no "seeed". Did you mean seed?',
  ],
  [
    'a key that is also in a comment',
    '# seeed = 1\nseeed = 2',
    ':2: a recipe has no "seeed". Did you mean seed?',
  ],
  [
    'an option that does not affect results',
    'train_dir = "x"',
    ':1: train_dir is not part of a recipe, because it does not affect results; use `trainDir` instead',
  ],
  [
    'the scaling of its learning rate',
    'scale_learning_rate = "linear"',
    ':1: scale_learning_rate is not part of a recipe, which contains the rates that it trains with; use `scaleLearningRate` instead',
  ],
  [
    'a table of hyperparameters',
    '[hyperparameters]\nmomentum = 0.5',
    ':1: hyperparameters must be keys at the top level, such as learning_rate = 0.1',
  ],
  [
    'a string for a number',
    'batch_size = "128"',
    ':1: batch_size: found "128", expected a whole number from 1 to 16384',
  ],
  ['half an image', 'batch_size = 1.5', ':1: batch_size: found 1.5, expected a whole number from 1 to 16384'],
  [
    'a huge batch',
    'batch_size = 99999',
    ':1: batch_size: found 99999, expected a whole number from 1 to 16384',
  ],
  [
    'a date',
    'batch_size = 2026-01-01',
    ':1: batch_size: found a date, expected a whole number from 1 to 16384',
  ],
  ['a boolean', 'learning_rate = true', ':1: learning_rate: found true, expected a number of at least 0'],
  ['NaN', 'learning_rate = nan', ':1: learning_rate: found NaN, expected a number of at least 0'],
  [
    'an infinite number',
    'learning_rate = inf',
    ':1: learning_rate: found Infinity, expected a number of at least 0',
  ],
  ['a negative number', 'clip_norm = -1', ':1: clip_norm: found -1, expected a number of at least 0'],
  ['a list', 'seed = [1]', ':1: seed: found an array, expected a whole number from 0 to 9007199254740991'],
  [
    'a misspelled choice',
    'optimizer = "nesterof"',
    `:1: optimizer: found "nesterof", expected ${alternatives(optimizerNames)}. Did you mean nesterov?`,
  ],
  [
    'an unknown recipe',
    'recipe = "tutorail"',
    `:1: recipe: found "tutorail", expected ${alternatives(recipeNames)}. Did you mean tutorial?`,
  ],
  [
    'two lengths',
    'epochs = 2\nmax_steps = 3',
    ':1: epochs and max_steps cannot be combined; leave one of them out',
  ],
  ['no epoch', 'epochs = 0', ':1: epochs: found 0, expected a number of at least 0.001'],
  [
    'a number of a network that is given twice',
    'network = "resnet:depth=8,depth=14"',
    ':1: network: resnet: depth is given twice',
  ],
  [
    'an unknown network',
    'network = "resnet9"',
    `:1: network: found "resnet9", expected ${networks}. Did you mean resnet?`,
  ],
  [
    'a network that is a number',
    'network = 3',
    ':1: network: found 3, expected a name such as "resnet", or an object with a name and a configuration',
  ],
  ['a network without a name', 'seed = 1\n[network]', `:2: network has no key name, expected ${networks}`],
  [
    'a number beside the configuration',
    '[network]\nname = "resnet"\ndepth = 20',
    ':3: network: depth belongs in the configuration: configuration = { depth = 20 }',
  ],
  [
    'an unknown key beside the configuration',
    '[network]\nname = "resnet"\nconfig = { depth = 20 }',
    ':3: network has no "config". Did you mean configuration?',
  ],
  [
    'a key of the recipe below the header of the network',
    '[network]\nname = "resnet"\nseed = 1',
    ':3: seed is a key of the recipe, but here it belongs to network; write it above the first line in brackets',
  ],
  [
    'a key of the recipe below a group',
    '[[groups]]\nmatch = "*/beta"\nlearning_rate = 2\nclip_norm = 5',
    ':4: clip_norm is a key of the recipe, but here it belongs to groups[0]; write it above the first line in brackets',
  ],
  [
    'a misspelled number of a network',
    '[network]\nname = "resnet"\nconfiguration = { dept = 20 }',
    ':3: network.configuration: resnet has no "dept". Did you mean depth?',
  ],
  [
    'a depth that does not exist',
    '[network]\nname = "resnet"\n[network.configuration]\ndepth = 21',
    ':4: network.configuration: resnet: depth 21 is not 6n + 2; the nearest are 20 and 26',
  ],
  [
    'a depth that is a string',
    '[network]\nname = "resnet"\nconfiguration.depth = "20"',
    ':3: network.configuration: depth of resnet: found "20", expected a whole number from 8 to 1202',
  ],
  [
    'a group without a pattern',
    '[[groups]]\nlearning_rate = 2',
    ':1: groups[0] has no key match, expected a pattern such as "*/biases"',
  ],
  [
    'a misspelled key of a group',
    '[[groups]]\nmatch = "a"\n[[groups]]\nmatch = "b"\nlearningrate = 2',
    ':5: groups[1] has no "learningrate". Did you mean learning_rate?',
  ],
  [
    'a negative factor',
    '[[groups]]\nmatch = "a"\nweight_decay = -1',
    ':3: groups[0].weight_decay: found -1, expected a number of at least 0',
  ],
  [
    'an unknown optimizer of a group',
    '[[groups]]\nmatch = "a"\noptimizer = "moun"',
    `:3: groups[0].optimizer: found "moun", expected ${alternatives(optimizerNames)}. Did you mean muon?`,
  ],
  [
    'a momentum of a group that is out of range',
    '[[groups]]\nmatch = "a"\nmomentum = 1',
    ':3: groups[0].momentum: found 1, expected a number from 0 to 0.999999',
  ],
  ['a misspelled pattern', '[[groups]]\nmach = "*/beta"', ':2: groups[0] has no "mach". Did you mean match?'],
  ['groups that are not a list', 'groups = 3', ':1: groups: found 3, expected an array'],
  [
    'a group in single brackets',
    '[groups]\nmatch = "*/beta"',
    ':1: groups: found one table, expected a list of tables; write [[groups]] instead of [groups]',
  ],
  [
    'a number of towers in words',
    'towers = "two"',
    ':1: towers: found "two", expected a whole number from 1 to 1024 or "auto"',
  ],
  [
    'a syntax error',
    'seed = 1\nbatch_size = = 3',
    ':2:14: not valid TOML (invalid value)\n  2 | batch_size = = 3',
  ],
  [
    'a duplicate key',
    'seed = 1\nseed = 2',
    ':2:1: not valid TOML (trying to redefine an already defined table or value)\n  2 | seed = 2',
  ],
  [
    'a number that would lose digits',
    'seed = 9007199254740993',
    ':1:8: not valid TOML (integer value cannot be represented losslessly)\n  1 | seed = 9007199254740993',
  ],
  [
    'control characters',
    'seed = "\u001b[31m"',
    ':1:9: not valid TOML (control characters are not allowed in strings)\n  1 | seed = "\\u001b[31m"',
  ],
];

describe('a recipe file is refused with line, key, what was found and what was expected:', () => {
  for (const [title, text, message] of refusals)
    test(title, () => {
      assert.throws(() => parseRecipe(text, 'r.toml'), { name: 'RunError', message: `r.toml${message}` });
    });
});

test('deep nesting and long lines are refused with a short message', () => {
  for (const text of [`seed = ${'['.repeat(60_000)}`, `seed = "${'x'.repeat(60_000)}`])
    assert.throws(
      () => parseRecipe(text, 'r.toml'),
      (error: Error) => error.name === 'RunError' && error.message.length < 250,
    );
});

/** Makes a recipe with every kind of value, and a run. */
const recipeOf = ({ name, ...recipe }: Recipe): CheckpointMetadata => {
  const { metadata } = sampleCheckpoint(1);
  const dataset = { ...metadata.dataset, labels: 'class' };
  return { ...metadata, ...recipe, recipe: name, dataset, seed: 2 ** 53 - 1, holdout: 0.1, towers: 2 };
};
const printed = (metadata: CheckpointMetadata) =>
  printRecipe(metadata, { path: 'runs/a/recipe.toml', dataDir: 'data' });

test('every named recipe is read back unchanged from its file', () => {
  for (const name of recipeNames) {
    const recipe = recipes[name];
    const { recipe: read, run } = givenBy(parseRecipe(printed(recipeOf(recipe)), 'recipe.toml'));
    assert.deepEqual(read, recipe);
    assert.deepEqual(run, {
      ...{ dataset: 'synthetic', labels: 'class', seed: 2 ** 53 - 1, holdout: 0.1 },
      ...{ engine: 'onnx', precision: 'float32', device: 'cpu', towers: 2 },
    });
  }
});

test('every option of a run can be in a file', () => {
  const all: Required<RunOptions> = {
    ...{ dataset: 'cifar100', labels: 'coarse', seed: 3, holdout: 0.2 },
    ...{ data: 'photos', imageSize: 64, testShare: 0.3, splitSeed: 7 },
    ...{ engine: 'onednn', precision: 'bfloat16', device: 'webgpu', towers: 4 },
  };
  const lines = Object.entries(all).map(([name, value]) => `${snakeCase(name)} = ${JSON.stringify(value)}`);
  assert.deepEqual(givenBy(parseRecipe(lines.join('\n'), 'r.toml')).run, all);
});

test('numbers and groups are read back bit-identically', () => {
  const number = fc.double({ min: 0, noNaN: true, noDefaultInfinity: true });
  const group = fc.record(
    {
      ...{ match: fc.string({ minLength: 1 }), learningRate: number, weightDecay: number },
      optimizer: fc.constantFrom(...optimizerNames),
      momentum: fc.double({ min: 0, max: 0.9, noNaN: true }),
    },
    { noNullPrototype: true, requiredKeys: ['match', 'learningRate', 'weightDecay'] },
  );
  fc.assert(
    fc.property(number, number, fc.array(group, { maxLength: 3 }), (learningRate, clipNorm, groups) => {
      const { tutorial } = recipes;
      const changes: Record<string, number> = { learningRate, clipNorm };
      const hyperparameters = makeHyperparameters((name) => changes[name] ?? tutorial.hyperparameters[name]);
      const { recipe } = givenBy(
        parseRecipe(printed(recipeOf({ ...tutorial, hyperparameters, groups })), 'r'),
      );
      assert.deepEqual(recipe, { ...tutorial, hyperparameters, groups });
    }),
    { numRuns: 50 },
  );
});

test('options that a file omits are those of its recipe, or else those of the tutorial', () => {
  const { recipe } = givenBy(parseRecipe('learning_rate = 0.5', 'r.toml'));
  assert.deepEqual(recipe, {
    ...recipes.tutorial,
    hyperparameters: { ...recipes.tutorial.hyperparameters, learningRate: 0.5 },
  });
  const changed = givenBy(parseRecipe('recipe = "resnet20"\nnetwork = "resnet:depth=32"', 'r.toml')).recipe;
  assert.deepEqual(changed, {
    ...recipes.resnet20,
    network: { name: 'resnet', configuration: { depth: 32, dropout: 0 } },
  });
});

test('a file has a key for every hyperparameter', () => {
  for (const name of hyperparameterNames) assert.ok(recipeKeys.includes(snakeCase(name)), name);
});

test('named recipes are data with the name under which they are listed, and their networks exist with all numbers', () => {
  for (const [listed, recipe] of Object.entries(recipes)) {
    assert.equal(recipe.name, listed);
    assert.deepEqual(JSON.parse(JSON.stringify(recipe)), recipe);
    const { name, configuration } = recipe.network;
    assert.deepEqual(makeNetwork(name, 10, configuration).configuration, configuration);
  }
});
