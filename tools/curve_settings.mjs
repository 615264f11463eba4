// @ts-check
/**
 * The settings of a run for tools/measure_curve.mjs: the same in cifar10, as a recipe file, and in bench/peers/torch_airbench.py.
 *
 * In PyTorch, losses of a batch add up, so its rates follow the batch size, as those of cifar10's recipes do. `fast` and `best` are those
 * that fit the number of epochs.
 */
import { stringify } from 'smol-toml';

const dist = new URL('../dist/', import.meta.url);
/** @type {typeof import('../src/recipe/recipes.ts')} */
const { recipeFor, requireRecipeName } = await import(new URL('recipe/recipes.js', dist).href);
/** @type {typeof import('../src/wording.ts')} */
const { snakeCase } = await import(new URL('wording.js', dist).href);

/** The training images of CIFAR-10. */
const images = 50_000;

/** The recipe of torch_airbench.py by that of cifar10. */
const peers = new Map([
  ['airbench', 'airbench'],
  ['airbench-muon', 'airbench-muon'],
  ['fast', 'airbench-muon'],
  ['best', 'airbench-muon'],
]);

/**
 * Returns the settings of runs of a recipe with batches of a size.
 * @param {string} name
 * @param {number | undefined} size the images of a batch; undefined for those of the recipe
 * @param {number | undefined} epochs the epochs of a run; undefined for those of the recipe
 * @returns {{ batchSize: number, toml: string, peer: { recipe: string, biasEpochs: number } }}
 */
export function settingsOf(name, size, epochs) {
  const peer = peers.get(name);
  if (peer === undefined)
    throw new Error(
      `--recipe: found ${name}, expected one that PyTorch trains too: ${[...peers.keys()].join(', ')}`,
    );
  const { network, batchSize, augmentation, normalization, statistics, hyperparameters, groups } = recipeFor(
    requireRecipeName(name),
    images,
    { batchSize: size, epochs },
  );
  const biases = groups.find(({ match }) => match === 'whiten/biases');
  if (biases?.epochs === undefined)
    throw new Error(`${name} has no epochs of the biases of the whitening layer`);
  const top = { name, batchSize, augmentation, normalization, statistics, ...hyperparameters };
  const toml = stringify({ ...inSnakeCase(top), network, groups: groups.map(inSnakeCase) });
  return { batchSize, toml, peer: { recipe: peer, biasEpochs: biases.epochs } };
}

/** @param {object} values @returns {Readonly<Record<string, unknown>>} */
function inSnakeCase(values) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [snakeCase(name), value]));
}
