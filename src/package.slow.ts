/** Tests the packed package in other projects: installed, run with npx, with other versions of Node.js, with Yarn's
 * Plug'n'Play, with Node's permission model, with Bun and Deno, with test runners and with a bundler. These tests need the npm registry, and are
 * skipped without it. Downloads are kept in `node_modules/.cache`. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { execute, npm, projectFolder, root, tools } from './testing/projects.ts';

const work = mkdtempSync(join(tmpdir(), 'cifar10-package-'));
after(() => rmSync(work, { recursive: true, force: true }));

const folder = (name: string) => projectFolder(name, work);
const yarn = (words: readonly string[], cwd: string) =>
  execute('npx', ['-y', '@yarnpkg/cli-dist@4', ...words], cwd);

/** Trains three steps and evaluates with the library. */
const script = `
import {
  CheckpointStore, chooseEngine, datasets, ensureSynthetic, evaluateCheckpoint, loadExamples, makeRun, trainSteps,
  tutorialHyperparameters, tutorialNetwork, version,
} from 'cifar10-ts/node';
export async function trainAndEvaluate(engineName, dir) {
  await ensureSynthetic(process.env.DATA);
  const { engine } = chooseEngine({ engine: engineName, precision: 'float32' });
  const recipe = { network: tutorialNetwork(10), hyperparameters: tutorialHyperparameters, batchSize: 8, seed: 0, holdout: 0 };
  const run = makeRun(recipe, await loadExamples(process.env.DATA, datasets.synthetic, 'train'), engine);
  const store = new CheckpointStore(dir, { keep: 5, onWarning: (text) => { throw new Error(text); } });
  await store.latest();
  let loss;
  const options = { run, store, maxSteps: 3, checkpointSteps: 3, summarySteps: 1, versions: { cifar10: version } };
  for await (const event of trainSteps(options)) if (event.kind === 'step') loss = event.totalLoss;
  const { checkpoint } = await store.latest();
  const examples = await loadExamples(process.env.DATA, datasets.synthetic, 'test');
  const { total } = await evaluateCheckpoint({ engine, checkpoint, examples, weights: 'ema', batchSize: 100, numExamples: 100 });
  return engine.name + ' ' + loss.toFixed(3) + ' ' + total + ' ' + version;
}
`;
const data = { DATA: join(work, 'data') };
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const expected = new RegExp(`^(onnx|onednn) \\d\\.\\d+ 100 ${version.replaceAll('.', '[.]')}$`, 'm');

function addScripts(project: string): void {
  writeFileSync(join(project, 'train.mjs'), script);
  writeFileSync(
    join(project, 'main.mjs'),
    "import { trainAndEvaluate } from './train.mjs';\nconsole.log(await trainAndEvaluate(process.argv[2], process.argv[3]));\n",
  );
}

const packed = npm(['run', 'pack', '--', '--pack-destination', work], root);
const tarball = join(work, `cifar10-ts-${version}.tgz`);
const project = folder('project');
const installed = npm(['install', tarball], project);
addScripts(project);
const offline =
  installed.code === 0 ? false : `the package cannot be installed: ${installed.text.slice(0, 500)}`;

test('the tarball contains everything the program needs, and no links to files outside of it', {
  skip: offline,
}, () => {
  assert.equal(packed.code, 0, packed.text);
  const { text } = execute('tar', ['-tf', tarball], work);
  assert.doesNotMatch(text, /[.]map$|[.]test[.]|[.]slow[.]|testing|node_modules/m);
  for (const file of ['dist/cli/main.js', 'web/dist/index.html', 'web/dist/licenses.md'])
    assert.ok(text.split('\n').includes(`package/${file}`), file);
  assert.match(text, /^package\/web\/dist\/assets\/ort-wasm-simd-threaded-.*[.]wasm$/m);
  const { text: comments } = execute('grep', ['-rl', 'sourceMappingURL', 'node_modules/cifar10-ts'], project);
  assert.equal(comments, '');
});

for (const [how, words] of [
  ['npx cifar10-ts', ['--package', tarball, 'cifar10-ts']],
  ['npx with the tarball', [`file:${tarball}`]],
] as const) {
  test(`${how} trains in an empty folder, and suggests the command that works there`, {
    skip: offline,
  }, () => {
    const folders = ['--data-dir', data.DATA, '--train-dir', join(work, how)];
    const flags = ['--dataset', 'synthetic', '--clip-norm', '5', '--batch-size', '8', '--max-steps', '2'];
    const outcome = execute('npx', ['-y', ...words, 'train', ...folders, ...flags], folder('empty'));
    assert.equal(outcome.code, 0, outcome.text);
    assert.match(outcome.text, /Done at step 2/);
    assert.match(outcome.text, /^ +npx cifar10-ts eval /m);
  });
}

const linters = tools('linters', ['publint@0', '@arethetypeswrong/cli@0']);
for (const [name, words] of [
  ['publint', ['run', '--strict']],
  ['attw', ['--format', 'table-flipped']],
] as const)
  test(`${name} finds nothing wrong with the tarball`, { skip: offline || linters.skip }, () => {
    const { code, text } = execute(join('node_modules', '.bin', name), [...words, tarball], linters.path);
    assert.equal(code, 0, text);
    assert.match(text, /All good|No problems found/);
  });

const entries = ['.', './node', './browser', './tensorboard'].map((entry) =>
  entry.replace('.', 'cifar10-ts'),
);

/** Prints the names that each entry exports, first with `import` and then with `require`, which must not warn. */
const loadEntries = `
const names = ${JSON.stringify(entries)};
const loaded = names.map((name) => require(name));
const count = (module) => Object.keys(module).filter((name) => name !== '__esModule' && name !== 'module.exports').length;
Promise.all(names.map((name) => import(name))).then((imported) => {
  console.log('import', imported.map(count).join(' '));
  console.log('require', loaded.map(count).join(' '));
  console.log(imported[0].RunError === loaded[0].RunError, require('cifar10-ts/package.json').version);
});
`;

const compilerVersions = ['5.7', '5.9', '6', '7'];
const compilers = tools(
  'compilers',
  compilerVersions.map((range) => `typescript-${range}@npm:typescript@${range}`),
);
const compilerOf = (range: string) =>
  join(compilers.path, 'node_modules', `typescript-${range}`, 'bin', 'tsc');

/** A program that uses values, classes as types, and types of every entry. */
const typedProgram = `
import { openModel, RunError, type TrainResult, train } from 'cifar10-ts';
import { type Evaluator, GraphBuilder } from 'cifar10-ts/node';
import { type ExportedModel, openExportedModel } from 'cifar10-ts/browser';
import * as tensorboard from 'cifar10-ts/tensorboard';
export const retrain = async (dir: string): Promise<TrainResult> => {
  const model = await openModel(dir);
  console.log(model.classes.join());
  await model.release();
  return train({ trainDir: dir, dataDir: 'data' });
};
export const isOurs = (error: unknown): error is RunError => error instanceof RunError;
export const open = (bytes: Uint8Array, ort: never): Promise<ExportedModel> => openExportedModel(bytes, ort);
export const writer = (dir: string): tensorboard.SummaryWriter => new tensorboard.SummaryWriter(dir);
export const graphs: readonly [typeof GraphBuilder, Evaluator?] = [GraphBuilder];
// @ts-expect-error: the declarations are found, and not merely any.
export const wrong: number = openModel;
`;

describe('TypeScript', { skip: offline || compilers.skip }, () => {
  for (const range of compilerVersions) {
    test(`${range} compiles programs with every setting for modules, also those in CommonJS`, () => {
      for (const [files, options] of [
        [['es.mts', 'common.cts'], { module: 'node16' }],
        [['es.mts', 'common.cts'], { module: 'nodenext' }],
        [['bundled.ts'], { module: 'esnext', moduleResolution: 'bundler' }],
        [['bundled.ts'], { module: 'preserve' }],
      ] as const) {
        for (const file of files) writeFileSync(join(project, file), typedProgram);
        const types = { types: [], lib: ['es2022', 'dom'] };
        const compilerOptions = {
          ...options,
          ...types,
          target: 'es2022',
          strict: true,
          skipLibCheck: false,
          noEmit: true,
        };
        writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
        const { code, text } = execute(process.execPath, [compilerOf(range), '-p', project], project);
        assert.equal(code, 0, `${files.join()} ${JSON.stringify(options)}: ${text}`);
      }
    });

    test(`${range} compiles the README's example in a project without @types/node, which then runs`, () => {
      const typed = folder('typed');
      if (!existsSync(join(typed, 'node_modules'))) assert.equal(npm(['install', tarball], typed).code, 0);
      assert.ok(!existsSync(join(typed, 'node_modules', '@types')));
      const [, example = ''] =
        /```ts\n(import .*?)```/s.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
      assert.match(example, /maxSteps: 200/);
      writeFileSync(join(typed, 'example.ts'), example.replace('maxSteps: 200', 'maxSteps: 2, batchSize: 8'));
      const compilerOptions = { target: 'es2022', module: 'nodenext', strict: true, skipLibCheck: false };
      writeFileSync(join(typed, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['example.ts'] }));
      for (const made of ['example.js', 'run']) rmSync(join(typed, made), { recursive: true, force: true });
      const compiled = execute(process.execPath, [compilerOf(range), '-p', typed], typed);
      assert.equal(compiled.code, 0, compiled.text);
      const outcome = execute(process.execPath, ['example.js'], typed);
      assert.match(outcome.text, /^0 \d.*\n1 \d/m);
    });
  }
});

const platform = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const versions = ['20.19', '22', '24', 'latest'];
const nodes = tools(
  'nodes',
  versions.map((range) => `node-${range}@npm:${platform}@${range}`),
);
const nodeOf = (range: string) => join(nodes.path, 'node_modules', `node-${range}`, 'bin', 'node');

describe('Node.js', { skip: offline || nodes.skip }, () => {
  for (const range of versions) {
    for (const engine of ['onnx', 'auto']) {
      test(`${range} trains and evaluates with engine ${engine}`, () => {
        const outcome = execute(nodeOf(range), ['main.mjs', engine, `run-${range}-${engine}`], project, data);
        assert.match(outcome.text, expected);
      });
    }
    test(`${range} imports and requires every entry`, () => {
      writeFileSync(join(project, 'entries.cjs'), loadEntries);
      const outcome = execute(nodeOf(range), ['entries.cjs'], project);
      const [, counts = ''] = /^import (.*)$/m.exec(outcome.text) ?? [];
      assert.match(counts, /^\d\d \d\d \d\d \d+$/, outcome.text);
      assert.equal(outcome.text, `import ${counts}\nrequire ${counts}\ntrue ${version}\n`);
    });

    test(`${range} starts the program, and sets up a clone`, () => {
      const main = join(root, 'bin', 'cifar10.mjs');
      assert.equal(execute(nodeOf(range), [main, '--version'], root).text.trim().split(' ').at(-1), version);
      const setup = execute(nodeOf(range), [join(root, 'scripts', 'build.mjs')], root);
      assert.equal(setup.code, 0, setup.text);
    });
  }

  test('trains with --permission, and doctor reports that training works', () => {
    const allowed = [
      '--permission',
      '--allow-worker',
      '--allow-addons',
      '--allow-fs-read=*',
      `--allow-fs-write=${work}`,
    ];
    const outcome = execute(
      nodeOf('latest'),
      [...allowed, 'main.mjs', 'auto', 'run-permission'],
      project,
      data,
    );
    assert.match(outcome.text, expected);
    const main = join('node_modules', 'cifar10-ts', 'bin', 'cifar10.mjs');
    const folders = ['--data-dir', data.DATA, '--train-dir', 'run-doctor'];
    const doctor = execute(nodeOf('latest'), [...allowed, main, 'doctor', ...folders], project, {
      TMPDIR: work,
    });
    assert.equal(doctor.code, 0, doctor.text);
  });
});

// The packages `bun` and `deno` have install scripts, which the tests do not run. These packages contain the programs.
const runtimes = tools('runtimes', ['tsx@4', '@oven/bun-linux-x64', '@deno/linux-x64-glibc']);
const isLinux = process.platform === 'linux' && process.arch === 'x64';

describe('other programs that run TypeScript', {
  skip: offline || runtimes.skip || (isLinux ? false : 'only tested on Linux x64'),
}, () => {
  for (const [name, program, words] of [
    ['tsx', process.execPath, [join(runtimes.path, 'node_modules', 'tsx', 'dist', 'cli.mjs')]],
    ['Bun', join(runtimes.path, 'node_modules', '@oven', 'bun-linux-x64', 'bin', 'bun'), []],
    ['Deno', join(runtimes.path, 'node_modules', '@deno', 'linux-x64-glibc', 'deno'), ['run', '--allow-all']],
  ] as const)
    test(`${name} trains and evaluates with both engines`, () => {
      writeFileSync(
        join(project, 'main.ts'),
        "import { trainAndEvaluate } from './train.mjs';\nconst [, , engine, dir]: string[] = process.argv;\n" +
          'console.log(await trainAndEvaluate(engine, dir));\n',
      );
      for (const engine of ['onnx', 'auto']) {
        const outcome = execute(
          program,
          [...words, 'main.ts', engine, `run-${name}-${engine}`],
          project,
          data,
        );
        assert.match(outcome.text, expected);
      }
    });
});

test('code on the command line of node trains as a module, because threads do not inherit the flags for it', {
  skip: offline,
}, () => {
  const code =
    "import { trainAndEvaluate } from './train.mjs'; console.log(await trainAndEvaluate('auto', 'run-e'));";
  const outcome = execute(process.execPath, ['--input-type=module', '-e', code], project, data);
  assert.match(outcome.text, expected);
});

test("Yarn's Plug'n'Play trains", { skip: offline }, (context) => {
  const pnp = folder('pnp');
  const registry = npm(['config', 'get', 'registry'], pnp).text.trim();
  const insecure = registry.startsWith('http:') ? 'unsafeHttpWhitelist: ["*"]\n' : '';
  writeFileSync(
    join(pnp, '.yarnrc.yml'),
    `enableTelemetry: false\nenableScripts: false\nnpmRegistryServer: "${registry}"\n${insecure}`,
  );
  writeFileSync(join(pnp, 'yarn.lock'), '');
  const added = yarn(['add', `cifar10-ts@file:${tarball}`], pnp);
  if (added.code !== 0) return context.skip(added.text.slice(0, 500));
  addScripts(pnp);
  const outcome = execute('npx', ['-y', '@yarnpkg/cli-dist@4', 'node', 'main.mjs', 'auto', 'run'], pnp, data);
  assert.match(outcome.text, expected);
  assert.match(yarn(['cifar10', 'train', '--xyz'], pnp).text, /See yarn cifar10 train --help/);
});

test('training works without optional packages', { skip: offline }, () => {
  const omit = folder('omit');
  const added = npm(['install', '--omit=optional', '--ignore-scripts', tarball], omit);
  assert.equal(added.code, 0, added.text);
  addScripts(omit);
  assert.match(execute(process.execPath, ['main.mjs', 'auto', 'run'], omit, data).text, expected);
});

const runners = tools('runners', ['jest@30', 'vitest@4', 'esbuild@0']);

describe('in sandboxes and bundles', { skip: offline || runners.skip }, () => {
  const module = (name: string, file: string) => join(runners.path, 'node_modules', name, file);
  const testFile = `import { trainAndEvaluate } from './train.mjs';
test('trains', async () => { expect(await trainAndEvaluate('auto', RUN)).toMatch(/ 100 /); }, 60000);\n`;

  test('training works in Jest with --experimental-vm-modules', () => {
    writeFileSync(join(project, 'jest.check.mjs'), testFile.replace('RUN', "'run-jest'"));
    const flags = [
      '--experimental-vm-modules',
      module('jest', 'bin/jest.js'),
      '--testMatch',
      '**/jest.check.mjs',
    ];
    const outcome = execute(process.execPath, flags, project, data);
    assert.equal(outcome.code, 0, outcome.text);
  });

  test('training works in Vitest with --pool vmThreads', () => {
    writeFileSync(join(project, 'vitest.test.mjs'), testFile.replace('RUN', "'run-vitest'"));
    const flags = [
      module('vitest', 'vitest.mjs'),
      'run',
      '--globals',
      '--pool',
      'vmThreads',
      'vitest.test.mjs',
    ];
    const outcome = execute(process.execPath, flags, project, data);
    assert.equal(outcome.code, 0, outcome.text);
  });

  test('a bundle with the package external trains, and one that includes it says what is wrong', () => {
    const bundle = (out: string, ...external: readonly string[]) =>
      execute(
        process.execPath,
        [
          module('esbuild', 'bin/esbuild'),
          ...['main.mjs', '--bundle', '--platform=node', '--format=esm', `--outfile=${out}/main.mjs`],
          "--banner:js=import { createRequire as makeRequire } from 'module'; const require = makeRequire(import.meta.url);",
          ...external.map((name) => `--external:${name}`),
        ],
        project,
      );
    assert.equal(bundle('external', 'cifar10-ts').code, 0);
    const outcome = execute(process.execPath, ['external/main.mjs', 'auto', 'run-external'], project, data);
    assert.match(outcome.text, expected);

    assert.equal(bundle('inside', 'onnxruntime-node', 'koffi').code, 0);
    for (const name of ['worker', 'session-worker'])
      writeFileSync(join(project, 'inside', `${name}.js`), "console.log('a worker of the user')");
    const wrong = execute(process.execPath, ['inside/main.mjs', 'onnx', 'run-inside'], project, data);
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.text, /cifar10-onnx-worker[.]js.*--external:cifar10-ts/);
    assert.doesNotMatch(wrong.text, /a worker of the user|CUDA/);
  });
});
