import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  CheckpointStore,
  chooseEngine,
  makeRun,
  trainSteps,
  tutorialHyperparameters,
  tutorialNetwork,
  version,
  writeCheckpoint,
} from './node.ts';
import { inTemporaryFolder, noiseExamples } from './testing/examples.ts';
import { noisePng, withoutDecoder, writeFiles } from './testing/picture-files.ts';
import { unexportedTypes } from './testing/reachable-types.ts';
import { randomCheckpoint } from './testing/trained.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Returns the example in a documentation comment, without the stars. */
function exampleOf(file: string): string {
  const [, example = ''] = /@example\n(.*?) \*(?:\/| @)/s.exec(readFileSync(join(root, file), 'utf8')) ?? [];
  return example.replaceAll(/^ \* ?/gm, '');
}

/** Returns the same example with few steps and few images. */
function quick(example: string, steps: number): string {
  const changes = [
    ['maxSteps: 1000', `maxSteps: ${steps}`],
    ['batchSize: 128', 'batchSize: 8'],
    ['numExamples: 2000', 'numExamples: 100'],
  ] as const;
  return changes.reduce((text, [from, to]) => {
    assert.ok(text.includes(from), from);
    return text.replace(from, to);
  }, example);
}

const entries = ['index', 'node', 'browser', 'tensorboard'];

/** Types that the compiler infers appear in the user's declarations, so each of them must have a name that can be imported. */
const declared = `
export { model, trained };
import * as browser from 'cifar10-ts/browser';
import * as library from 'cifar10-ts';
import * as node from 'cifar10-ts/node';
import * as tensorboard from 'cifar10-ts/tensorboard';
export const everything = { library: { ...library }, node: { ...node } };
export const others = { browser: { ...browser }, tensorboard: { ...tensorboard } };
`;

/** Installs the package as in a user's project. */
function installIn(folder: string): void {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'cifar10-ts'), 'junction');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
}

/** Runs Node.js in a folder, and returns its output. */
function node(folder: string, ...words: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: folder, encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  return stdout;
}

test('the example of the library compiles under the strictest settings, trains, resumes and evaluates', async () => {
  await inTemporaryFolder(async (folder) => {
    installIn(folder);
    const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as {
      compilerOptions: object;
    };
    const options = {
      ...compilerOptions,
      rootDir: '.',
      outDir: undefined,
      isolatedDeclarations: false,
      // This also checks the declarations of the library.
      skipLibCheck: false,
    };
    const configure = (environment: object) =>
      writeFileSync(
        join(folder, 'tsconfig.json'),
        JSON.stringify({ compilerOptions: { ...options, ...environment }, include: ['example.ts'] }),
      );
    for (const [steps, environment] of [
      [2, { typeRoots: [join(root, 'node_modules', '@types')] }],
      // A new project has these settings: TypeScript's default `lib`, and no Node.js types.
      [3, { lib: undefined, types: [] }],
    ] as const) {
      configure(environment);
      writeFileSync(join(folder, 'example.ts'), quick(exampleOf('src/index.ts'), steps) + declared);
      node(folder, join(root, 'node_modules', 'typescript', 'bin', 'tsc'));
      const lines = node(folder, 'example.js').trim().split('\n');
      // The first run trains steps 0 and 1, and the second resumes with step 2. Each then prints a precision and a class.
      assert.deepEqual(
        lines.slice(0, -2).map((line) => line.split(' ')[0]),
        steps === 2 ? ['0', '1'] : ['2'],
      );
      assert.match(lines.slice(-2).join(' '), /^0\.\d+ .+ 0\.\d+$/);
    }
    assert.ok(readdirSync(join(folder, 'run')).includes('model.ckpt-3.safetensors'));
  });
});

test('the example of a network of the program itself trains it and classifies a picture', () =>
  inTemporaryFolder(async (folder) => {
    installIn(folder);
    const example = exampleOf('src/model/define-network.ts');
    const steps = example.replace('batchSize: 128', 'batchSize: 8').replace('maxSteps: 1000', 'maxSteps: 1');
    const plain = steps.replaceAll(' as const', '');
    writeFileSync(join(folder, 'example.js'), plain);
    assert.match(node(folder, 'example.js'), /^(\w+ 0\.\d+\n){3}$/);
  }));

test('the examples of prediction classify pictures', { skip: withoutDecoder }, () =>
  inTemporaryFolder(async (folder) => {
    installIn(folder);
    await writeCheckpoint(
      join(folder, 'run'),
      randomCheckpoint({ network: 'cifar10', configuration: { conv1: 4, conv2: 4, local3: 8, local4: 8 } }),
    );
    await writeFiles({
      [join(folder, 'cat.png')]: noisePng(0, [3, 48, 40]),
      [join(folder, 'photos/dog.png')]: noisePng(1),
      [join(folder, 'model.js')]: exampleOf('src/predict/trained-model.ts'),
      [join(folder, 'predict.js')]: exampleOf('src/predict/predict.ts'),
    });
    assert.match(node(folder, 'model.js'), /^(\w+ 0\.\d+\n){3}$/);
    assert.match(node(folder, 'predict.js'), /^photos\/dog\.png \w+\n$/);
  }),
);

for (const entry of entries)
  test(`every type that the declarations of the entry ${entry} use can be imported from it`, () => {
    assert.deepEqual(unexportedTypes(join(root, 'dist', `${entry}.d.ts`)), []);
  });

test('a second training in a folder is refused while the first one runs', () =>
  inTemporaryFolder(async (folder) => {
    const { engine } = chooseEngine({ engine: 'onnx', precision: 'float32' });
    const run = makeRun(
      {
        network: tutorialNetwork(10),
        hyperparameters: tutorialHyperparameters,
        batchSize: 4,
        seed: 0,
        holdout: 0,
      },
      noiseExamples(8),
      engine,
    );
    const start = () =>
      trainSteps({
        run,
        store: new CheckpointStore(folder, { keep: 5, onWarning: assert.fail }),
        maxSteps: 1,
        checkpointSteps: 1,
        versions: { cifar10: version },
      });
    const first = start();
    await first.next();
    await assert.rejects(start().next(), { name: 'RunError', message: /is training there/ });
    // Leaving the loop releases the folder.
    await first.return();
    for await (const { kind } of start()) if (kind === 'end') return;
    assert.fail('training did not end');
  }));
