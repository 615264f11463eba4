import assert from 'node:assert/strict';
import { test } from 'node:test';
import { datasets } from '../data/datasets.ts';
import { describePictures } from '../data/pictures.ts';
import { recipes } from '../recipe/recipes.ts';
import { sampleCheckpoint } from '../testing/checkpoints.ts';
import { givenBy } from './recipe-source.ts';
import { resolveRequest, type TrainingRequest } from './training-request.ts';

/** The description of pictures: 900 training images and 100 test images of three classes. */
const pictures = describePictures({
  origin: undefined,
  classes: ['a', 'b', 'c'],
  image: [3, 32, 32],
  statistics: datasets.cifar10.statistics,
  files: [
    { name: 'train.bin', split: 'train', records: 900, sha256: '' },
    { name: 'test.bin', split: 'test', records: 100, sha256: '' },
  ],
});

function resolved(request: Omit<TrainingRequest, 'trainDir'>, dataset = pictures) {
  const given = request.recipe === undefined ? undefined : givenBy(request.recipe);
  return resolveRequest({ trainDir: 'run', ...request }, given, undefined, dataset).definition;
}

test('the default recipe is `fast` for pictures, and that of the tutorial for other data and for requests that change it', () => {
  const name = (request: Omit<TrainingRequest, 'trainDir'>, dataset = pictures) =>
    resolved(request, dataset).recipe;
  assert.equal(name({}), 'fast');
  assert.equal(name({ hyperparameters: { learningRate: 0.1 }, width: 0.25, epochs: 2 }), 'fast');
  assert.equal(name({}, datasets.cifar10), 'tutorial');
  assert.equal(name({ network: 'resnet', augmentation: 'none' }), 'tutorial');
  assert.equal(name({ hyperparameters: { optimizer: 'adam' } }), 'tutorial');
  assert.equal(name({ initFrom: 'runs/a' }), 'tutorial');
  assert.equal(name({ recipe: 'tutorial' }), 'tutorial');
  assert.equal(name({ recipe: 'best', initFrom: 'runs/a' }), 'best');
});

test('`fast` fits the number of training images, without those that are held out', () => {
  const sizes = ({ batchSize, length }: ReturnType<typeof resolved>) => [batchSize, length];
  assert.deepEqual(sizes(resolved({})), [128, { epochs: 45 }]);
  assert.deepEqual(sizes(resolved({ holdout: 0.5 })), [64, { epochs: 60 }]);
  assert.deepEqual(sizes(resolved({ recipe: 'fast' })), [128, { epochs: 45 }]);
  assert.deepEqual(sizes(resolved({ recipe: 'fast' }, datasets.cifar10)), [1024, recipes.fast.length]);
});

test('batches and the epochs of biases fit the requested length, and a resumed run that is lengthened keeps them', () => {
  const fit = ({ batchSize, groups }: Pick<ReturnType<typeof resolved>, 'batchSize' | 'groups'>) => [
    batchSize,
    groups?.find(({ match }) => match === 'whiten/biases')?.epochs,
  ];
  const ofTen = [32, 3.75];
  const started = resolved({ epochs: 10 });
  assert.deepEqual(fit(started), ofTen);
  assert.deepEqual(fit(resolved({ recipe: 'fast', epochs: 10 })), ofTen);
  assert.deepEqual(fit(resolved({ recipe: { recipe: 'fast', epochs: 10 } })), ofTen);
  assert.deepEqual(fit(resolved({ recipe: { recipe: 'fast', epochs: 45 }, epochs: 10 })), ofTen);
  const { metadata } = sampleCheckpoint(10);
  const { batchSize, groups = [], hyperparameters } = started;
  const stored = { ...metadata, recipe: 'fast', batchSize, groups, hyperparameters };
  for (const recipe of [undefined, 'fast'] as const) {
    const given = recipe === undefined ? undefined : givenBy(recipe);
    const request = { trainDir: 'run', epochs: 20, network: 'airbench:width=0.5', ...(recipe && { recipe }) };
    assert.deepEqual(fit(resolveRequest(request, given, stored, pictures).definition), ofTen);
  }
});

test('options and recipe files change the recipe that fits', () => {
  const { batchSize, length, groups, recipe } = resolved({ batchSize: 64, epochs: 3 });
  assert.deepEqual([batchSize, length, recipe], [64, { epochs: 3 }, 'fast']);
  const rate = (all: typeof groups) =>
    all?.find(({ match }) => match === '*/beta')?.learningRate ?? Number.NaN;
  assert.equal(rate(groups) * 2, rate(resolved({}).groups));
  const changed = resolved({ recipe: { recipe: 'fast', name: 'mine', width: 0.25 } });
  assert.deepEqual(
    [changed.recipe, changed.network.configuration, changed.batchSize],
    ['mine', { width: 0.25 }, 128],
  );
  assert.equal(rate(resolved({ recipe: { recipe: 'fast', batchSize: 64 } }).groups), rate(groups));
});
