import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

/**
 * The import law: which folders a folder may import from (docs/architecture.md). What comes later in the way of the
 * data is never known to what comes before it.
 */
const law: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  tensor: ['errors'],
  disk: ['errors'],
  data: ['errors', 'tensor', 'disk'],
  input: ['errors', 'tensor', 'data'],
  graph: ['errors', 'tensor'],
  ops: ['errors', 'tensor', 'graph'],
  autodiff: ['errors', 'tensor', 'graph', 'ops'],
  passes: ['errors', 'tensor', 'graph', 'ops'],
  engine: ['errors', 'tensor', 'graph', 'ops', 'passes'],
  model: ['errors', 'tensor', 'graph', 'ops'],
  checkpoint: ['errors', 'tensor'],
  training: [
    'errors',
    'tensor',
    'data',
    'input',
    'graph',
    'ops',
    'autodiff',
    'engine',
    'model',
    'checkpoint',
  ],
  evaluation: [
    'errors',
    'tensor',
    'disk',
    'data',
    'input',
    'graph',
    'ops',
    'engine',
    'model',
    'checkpoint',
    'training',
  ],
  bench: ['errors', 'tensor', 'data', 'input', 'ops', 'passes', 'engine', 'model', 'training'],
  inspect: ['tensor', 'graph', 'passes', 'model', 'evaluation'],
  doctor: ['errors', 'tensor', 'disk', 'data', 'input', 'engine', 'model', 'training', 'evaluation'],
  cli: [
    'errors',
    'disk',
    'graph',
    'inspect',
    'doctor',
    'data',
    'engine',
    'model',
    'checkpoint',
    'training',
    'evaluation',
    'bench',
  ],
  index: [
    'errors',
    'tensor',
    'data',
    'input',
    'graph',
    'ops',
    'autodiff',
    'passes',
    'engine',
    'model',
    'checkpoint',
    'training',
    'evaluation',
  ],
};
/** These run in a page unchanged: no module of Node, no package. */
const everywhere = ['errors', 'tensor', 'graph', 'ops', 'autodiff', 'passes', 'model'];
/** The one file that may import a package. */
const packages: Readonly<Record<string, string>> = {
  'onnxruntime-node': 'engine/onnx/session-worker.ts',
  protobufjs: 'engine/onnx/schema.ts',
  commander: 'cli/',
};

const source = fileURLToPath(new URL('../src/', import.meta.url));

/** Program files (no tests) with their imports, `./…` as paths from src/. */
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/\.(test|slow)\.ts$/.test(file) && !file.startsWith('testing'))
  .map((file) => ({ file, imports: importsOf(file) }));

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(source, file), 'utf8');
  const found = text.matchAll(
    /(?:^|\n)(?:import|export)\s[^'"]*?from '([^']+)'|import\('([^']+)'\)|new URL\('(\.[^']+\.js)'/g,
  );
  return [...found].map(([, from, lazy, url]) => {
    const target = from ?? lazy ?? url ?? '';
    return target.startsWith('.') ? normalize(join(dirname(file), target)) : target;
  });
}

const folderOf = (path: string) => path.split('/')[0]?.replace(/\.(ts|js)$/, '') ?? '';
const isOurs = (target: string) => target.endsWith('.ts') || target.endsWith('.js');

test('every folder imports only what the import law allows', () => {
  assert.ok(files.length > 50, 'the files are found');
  for (const { file, imports } of files) {
    const folder = folderOf(file);
    const allowed = law[folder];
    assert.ok(allowed, `src/${folder} has no line in the import law`);
    for (const target of imports.filter(isOurs)) {
      const other = folderOf(target);
      assert.ok(
        other === folder || allowed.includes(other),
        `src/${file} imports ${target}: ${folder} must not know ${other}`,
      );
    }
  }
});

test('what describes the computation knows neither Node nor any package', () => {
  for (const { file, imports } of files.filter(({ file }) => everywhere.includes(folderOf(file)))) {
    assert.deepEqual(
      imports.filter((target) => !isOurs(target)),
      [],
      `src/${file}`,
    );
  }
});

test('every package is imported in one place, so that it can be replaced', () => {
  for (const { file, imports } of files) {
    for (const target of imports.filter((name) => !isOurs(name) && !name.startsWith('node:'))) {
      const place = packages[target];
      assert.ok(place !== undefined, `src/${file} imports ${target}, which has no place in this test`);
      assert.ok(file.startsWith(place), `src/${file} imports ${target}; only ${place} may`);
    }
  }
});

test('nothing above an engine knows its kind of graph: no ONNX outside engine/onnx but the records of the operators', () => {
  for (const { file, imports } of files) {
    const fromOnnx = imports.filter((target) => target.startsWith('engine/onnx/'));
    const allowed =
      file.startsWith('engine/onnx/') || file.startsWith('cli/commands/') || file === 'index.ts';
    if (!allowed) assert.deepEqual(fromOnnx, [], `src/${file}`);
  }
});

test('only src/cli prints or ends the process', () => {
  for (const { file } of files.filter(({ file }) => !file.startsWith('cli/'))) {
    const text = readFileSync(join(source, file), 'utf8').replaceAll(/\/\*.*?\*\//gs, '');
    assert.doesNotMatch(text, /console\.(log|warn|error)|process\.exit|process\.stdout/, `src/${file}`);
  }
});
