import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readCheckpoint, writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { failureData } from '../errors.ts';
import { recipes } from '../recipe/recipes.ts';
import { copySynthetic } from '../testing/synthetic.ts';
import { runEvaluation } from './evaluation.ts';
import { runTraining, type TrainingEvent } from './training.ts';
import type { TrainingRequest } from './training-request.ts';

describe('the recipe of a run', { timeout: 180_000 }, () => {
  let folder = '';
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'cifar10-recipe-'));
    await copySynthetic(join(folder, 'data'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const small = 'cifar10:conv1=3,conv2=3,local3=4,local4=4';
  const at = (name: string) => join(folder, name);
  const recipeAt = (name: string) => join(folder, name, 'recipe.toml');

  /** Trains in a folder. Without `recipe`, the training uses the generated set and the ONNX engine. */
  async function trained(name: string, request: Partial<TrainingRequest>): Promise<readonly TrainingEvent[]> {
    const plain = request.recipe === undefined ? ({ dataset: 'synthetic', engine: 'onnx' } as const) : {};
    const where = { trainDir: at(name), dataDir: at('data'), summarySteps: 0 };
    const events: TrainingEvent[] = [];
    for await (const event of runTraining({ ...where, ...plain, ...request })) events.push(event);
    return events;
  }
  const tensorsOf = async (name: string, step: number) =>
    (await readCheckpoint(join(at(name), `model.ckpt-${step}.safetensors`))).tensors;
  const ofKind = <K extends TrainingEvent['kind']>(events: readonly TrainingEvent[], kind: K) =>
    events.filter((event): event is Extract<TrainingEvent, { kind: K }> => event.kind === kind);

  /** Every option with a value other than its default. */
  const unusual: Partial<TrainingRequest> = {
    network: small,
    augmentation: 'pad_crop_flip',
    normalization: 'dataset',
    batchSize: 6,
    groups: [{ match: '*/biases', learningRate: 2, weightDecay: 0 }],
    seed: 5,
    holdout: 0.25,
    hyperparameters: {
      ...{ optimizer: 'adam', learningRate: 0.003, schedule: 'cosine', warmupSteps: 2, clipNorm: 1 },
      ...{ labelSmoothing: 0.1, weightDecay: 0.01, beta2: 0.99 },
    },
    evalEvery: 100,
  };

  test('can be read from its file to repeat the run, and the repetition writes the same files', async () => {
    await trained('a', { ...unusual, maxSteps: 5 });
    await trained('b', { recipe: recipeAt('a') });
    const checkpoint = (name: string) => readFileSync(join(at(name), 'model.ckpt-5.safetensors'));
    assert.deepEqual(checkpoint('b'), checkpoint('a'));
    const keys = (name: string) => readFileSync(recipeAt(name), 'utf8').split('\n\n').slice(1);
    assert.deepEqual(keys('b'), keys('a'));
  });

  test('can resume a run that it started, even with more steps, with the same result as an uninterrupted run', async () => {
    const recipe = { ...unusual, hyperparameters: { ...unusual.hyperparameters, decaySteps: 6 } };
    await trained('whole', { ...recipe, maxSteps: 6 });
    await trained('parts', { recipe: recipeAt('whole'), maxSteps: 3 });
    await trained('parts', { recipe: recipeAt('parts') });
    assert.deepEqual(
      readdirSync(at('parts')).filter((name) => name.includes('ckpt-6')),
      [],
    );
    await trained('parts', { recipe: recipeAt('parts'), maxSteps: 6 });
    assert.deepEqual(await tensorsOf('parts', 6), await tensorsOf('whole', 6));
    assert.match(readFileSync(recipeAt('parts'), 'utf8'), /^max_steps = 6$/m);
  });

  test('gives the run its name, which its checkpoints and its recipe file keep', async () => {
    const base = { network: small, batchSize: 4, maxSteps: 1 };
    const nameOf = async (name: string, request: Partial<TrainingRequest>) => {
      await trained(name, { ...base, dataset: 'synthetic', engine: 'onnx', ...request });
      const path = join(at(name), `model.ckpt-${request.maxSteps ?? 1}.safetensors`);
      return (await readCheckpoint(path)).metadata.recipe;
    };
    assert.equal(await nameOf('plain', {}), 'tutorial');
    const named = { augmentation: 'none', normalization: 'per_image' } as const;
    assert.equal(await nameOf('named', { recipe: 'resnet20', ...named }), 'resnet20');
    writeFileSync(at('wide.v2.toml'), 'recipe = "resnet20"\nnormalization = "none"\n');
    assert.equal(await nameOf('file', { recipe: at('wide.v2.toml'), ...named }), 'wide.v2');
    assert.equal(await nameOf('repeated', { recipe: recipeAt('file') }), 'wide.v2');
    assert.deepEqual(await tensorsOf('repeated', 1), await tensorsOf('file', 1));
    assert.equal(await nameOf('based', { recipe: { recipe: 'resnet20' }, ...named }), 'resnet20');
    assert.equal(await nameOf('object', { recipe: { recipe: 'resnet20', name: 'mine' }, ...named }), 'mine');
    // A resumed run keeps its name, even if a recipe with the same contents has another.
    writeFileSync(at('other.toml'), readFileSync(recipeAt('file'), 'utf8').replace(/^name = .*$/m, ''));
    assert.equal(await nameOf('file', { recipe: at('other.toml'), maxSteps: 2 }), 'wide.v2');
  });

  test('can resume a run whose network has a new number since', async () => {
    const network = 'resnet:depth=8';
    await trained('older', { network, augmentation: 'none', batchSize: 2, maxSteps: 1 });
    const { tensors, metadata } = await readCheckpoint(join(at('older'), 'model.ckpt-1.safetensors'));
    assert.deepEqual(metadata.network.configuration, { depth: 8, dropout: 0 });
    const older = { name: 'resnet', configuration: { depth: 8 } };
    await writeCheckpoint(at('older'), { tensors, metadata: { ...metadata, network: older } });
    await trained('older', { maxSteps: 2 });
    await writeCheckpoint(at('older'), { tensors, metadata: { ...metadata, network: older, globalStep: 3 } });
    await trained('older', { network, maxSteps: 4 });
    await assert.rejects(trained('older', { network: 'resnet:depth=8,dropout=0.5', maxSteps: 5 }), {
      message: /network: \{.*"dropout":0\},"name":"resnet"\} there, .*"dropout":0\.5/,
    });
  });

  test('cannot resume a run with another recipe, and the error contains all differences that no option explains', async () => {
    const base = { network: small, batchSize: 4 };
    await trained('other', { ...base, maxSteps: 1 });
    const recipe = { ...base, hyperparameters: { learningRate: 0.05, momentum: 0.5 }, seed: 3, maxSteps: 2 };
    const differences = async (request: Partial<TrainingRequest>) => {
      const error: unknown = await trained('other', request).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      return failureData(error, 'CIFAR10_OTHER_RUN')?.differences.map(({ what }) => what);
    };
    assert.deepEqual(await differences({ recipe }), ['momentum', 'learning rate', 'seed']);
    assert.deepEqual(await differences({ recipe, seed: 0, hyperparameters: { momentum: 0.9 } }), [
      'learning rate',
    ]);
    assert.deepEqual(await differences({ recipe: 'resnet20' }), [
      ...['network', 'augmentation', 'normalization', 'batch size', 'optimizer', 'schedule', 'warmup steps'],
      ...['moving average decay', 'weight decay', 'moving averages'],
    ]);
    const [ready] = ofKind(
      await trained('other', { recipe, seed: 0, hyperparameters: { learningRate: 0.05, momentum: 0.9 } }),
      'ready',
    );
    assert.deepEqual(ready?.history, ['step 1: learningRate: 0.1, now 0.05']);
    assert.match(readFileSync(recipeAt('other'), 'utf8'), /^# {3}step 1: learningRate: 0\.1, now 0\.05$/m);
    // A change is recorded permanently.
    const [again] = ofKind(await trained('other', { maxSteps: 3 }), 'ready');
    assert.deepEqual(again?.history, ['step 1: learningRate: 0.1, now 0.05']);
  });

  test('is stored in the checkpoints, so an edited, missing or unwritable file does not matter', async () => {
    const base = { network: small, batchSize: 4 };
    await trained('edited', { ...base, maxSteps: 1 });
    const written = readFileSync(recipeAt('edited'), 'utf8');
    writeFileSync(recipeAt('edited'), 'seed = = 7');
    await trained('edited', { maxSteps: 2 });
    const again = readFileSync(recipeAt('edited'), 'utf8');
    assert.equal(again, written.replace('max_steps = 1', 'max_steps = 2'));
    rmSync(recipeAt('edited'));
    mkdirSync(join(recipeAt('edited'), 'full'), { recursive: true });
    const warnings = ofKind(await trained('edited', { maxSteps: 3 }), 'warning');
    assert.match(
      warnings.map(({ message }) => message).join(),
      /^cannot write the recipe file, so the run continues without it: /,
    );
    assert.ok(existsSync(join(at('edited'), 'model.ckpt-3.safetensors')));
  });

  test('is moved aside with the run on --restart, and can be used for the new run', async () => {
    await trained('again', { network: small, batchSize: 4, maxSteps: 1 });
    const [moved] = ofKind(
      await trained('again', { recipe: recipeAt('again'), restart: true, seed: 1 }),
      'movedAside',
    );
    assert.ok(moved);
    assert.match(readFileSync(join(moved.path, 'recipe.toml'), 'utf8'), /^seed = 0$/m);
    assert.match(readFileSync(recipeAt('again'), 'utf8'), /^seed = 1$/m);
  });

  test('has a length, which a request replaces, and which also applies when the run is resumed without it', async () => {
    const recipe = {
      network: small,
      batchSize: 500,
      epochs: 2,
      dataset: 'synthetic',
      engine: 'onnx',
    } as const;
    await trained('length', { recipe, maxSteps: 1 });
    const complete = async () =>
      ofKind(await trained('length', {}), 'complete').map((event) => event.globalStep);
    assert.deepEqual(await complete(), [1]);
    await trained('length', { epochs: 0.1 });
    assert.deepEqual(await complete(), [2]);
    assert.match(readFileSync(recipeAt('length'), 'utf8'), /^epochs = 0\.1$/m);
  });

  test('causes a warning if its schedule ends at a rate of 0 before the run does', async () => {
    const schedule = { schedule: 'linear', learningRate: 0.01 } as const;
    const warnings = async (request: Partial<TrainingRequest>) =>
      ofKind(await trained('ended', request), 'warning').map(({ message }) => message);
    const base = { network: small, batchSize: 4 };
    assert.deepEqual(await warnings({ ...base, hyperparameters: schedule, maxSteps: 2 }), []);
    assert.deepEqual(await warnings({ maxSteps: 3 }), [
      'the linear schedule ends at step 2, and from there to step 3 the learning rate is 0; ' +
        'add `decaySteps: 3` to stretch the schedule, or `endLearningRate` for another final rate',
    ]);
    assert.deepEqual(await warnings({ hyperparameters: { decaySteps: 4 }, maxSteps: 4 }), []);
    assert.deepEqual(await warnings({ hyperparameters: { endLearningRate: 0.001 }, maxSteps: 5 }), []);
  });

  test('can disable moving averages, and then the weights are evaluated', async () => {
    const hyperparameters = { movingAverageDecay: 0 };
    await trained('raw', {
      network: small,
      batchSize: 4,
      hyperparameters,
      maxSteps: 2,
      holdout: 0.9,
      evalEvery: 1,
    });
    const tensors = await tensorsOf('raw', 2);
    assert.deepEqual(
      [...tensors.keys()].filter((name) => /weights.*Average/.test(name)),
      [],
    );
    const scored = [];
    const evaluation = {
      checkpointDir: at('raw'),
      evalDir: at('raw-eval'),
      dataDir: at('data'),
      engine: 'onnx',
    } as const;
    for await (const event of runEvaluation({ ...evaluation, numExamples: 20, runOnce: true }))
      if (event.kind === 'evaluation') scored.push(event.weights);
    assert.deepEqual(scored, ['raw']);
    await assert.rejects(trained('raw', { hyperparameters: { movingAverageDecay: 0.9 }, maxSteps: 3 }), {
      message: /moving averages: none there, kept here/,
    });
  });

  test('is refused with the name of its file if it contradicts itself or the data', async () => {
    for (const [text, message] of [
      [
        'network = "resnet"\nbatch_size = 1',
        /contra\.toml: batch normalization .* batches of 1 image.* batch_size/,
      ],
      ['network = "resnet"\nlabels = "coarse"', /contra\.toml: labels: .*one label per image/],
      ['engine = "onnx"\nprecision = "bfloat16"', /contra\.toml: .*bfloat16/],
      [
        '[[groups]]\nmatch = "*/bias"\nlearning_rate = 2',
        /contra\.toml: groups\[0\]\.match: "\*\/bias" matches no parameter of the network, which has conv1\/weights, conv1\/biases, /,
      ],
    ] as const) {
      writeFileSync(at('contra.toml'), `dataset = "synthetic"\n${text}\n`);
      await assert.rejects(trained('never', { recipe: at('contra.toml'), maxSteps: 1 }), {
        name: 'RunError',
        message,
      });
    }
    assert.deepEqual(existsSync(at('never')) ? readdirSync(at('never')) : [], []);
  });

  test('can be an object in the library, whose options are checked by name', async () => {
    for (const [recipe, message] of [
      [{ batchsize: 3 }, /unknown option `recipe\.batchsize`\. Did you mean `recipe\.batchSize`/],
      [{ batchSize: '3' }, /^recipe\.batchSize: found "3"/],
      [{ hyperparameters: { lerningRate: 1 } }, /Did you mean `recipe\.hyperparameters\.learningRate`/],
      [{ epochs: 1, maxSteps: 2 }, /^`epochs` and `maxSteps` /],
      [
        'tutorail',
        /^`recipe`: found "tutorail", expected tutorial, .* or a path that ends in \.toml\. Did you mean tutorial\?$/,
      ],
      [3, /recipe: found 3/],
    ] as const)
      await assert.rejects(trained('never', { recipe } as unknown as TrainingRequest), {
        name: 'UsageError',
        message,
      });
    const events = await trained('object', {
      recipe: {
        ...recipes.tutorial,
        length: undefined,
        network: small,
        dataset: 'synthetic',
        engine: 'onnx',
      } as object,
      batchSize: 4,
      maxSteps: 1,
    }).catch((error: unknown) => error);
    assert.match(String(events), /unknown option `recipe\.length`/);
  });
});
