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
  data: ['errors', 'tensor'],
  input: ['errors', 'tensor', 'data'],
  graph: ['errors', 'tensor'],
  ops: ['errors', 'tensor', 'graph'],
  autodiff: ['errors', 'tensor', 'graph', 'ops'],
  passes: ['errors', 'tensor', 'graph', 'ops'],
  engine: ['errors', 'tensor', 'graph', 'ops', 'passes'],
  model: ['errors', 'tensor', 'graph', 'ops'],
  checkpoint: ['errors', 'tensor'],
  summary: ['errors', 'tensor'],
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
    'summary',
  ],
  evaluation: [
    'errors',
    'tensor',
    'data',
    'input',
    'graph',
    'ops',
    'engine',
    'model',
    'checkpoint',
    'summary',
    'training',
  ],
  bench: ['errors', 'tensor', 'data', 'input', 'ops', 'passes', 'engine', 'model', 'training', 'evaluation'],
  inspect: ['tensor', 'graph', 'passes', 'model', 'evaluation'],
  doctor: ['errors', 'tensor', 'data', 'input', 'engine', 'model', 'training', 'evaluation'],
  cli: [
    'errors',
    'graph',
    'inspect',
    'doctor',
    'data',
    'engine',
    'model',
    'checkpoint',
    'summary',
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
/** The file or folder that may import a package; of protobufjs one for each format that is written in messages. */
const packages: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-node': ['engine/onnx/session-worker.ts', 'engine/onnx/onnx-engine.ts'],
  protobufjs: ['engine/onnx/schema.ts', 'summary/schema.ts'],
  '@node-rs/crc32': ['summary/crc32c.ts'],
  'fast-png': ['summary/png.ts'],
  commander: ['cli/'],
  koffi: ['engine/onednn/native/library.ts'],
};

const source = fileURLToPath(new URL('../src/', import.meta.url));

/** Program files (no tests) with their imports, `./…` as paths from src/. */
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !/\.(test|slow)\.ts$/.test(file) && !file.startsWith('testing'))
  .map((file) => ({ file, imports: importsOf(file) }));

function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(source, file), 'utf8');
  const found = text.matchAll(
    /(?:^|\n)(?:import|export)\s[^'"]*?from ['"]([^'"]+)['"]|(?:\bimport\(|\nimport )['"]([^'"]+)['"]|new URL\('(\.[^']+\.js)'|createRequire\([^)]*\)\('([^']+)'\)/g,
  );
  return [...found].map(([, from, lazy, url, required]) => {
    const target = from ?? lazy ?? url ?? required?.replace(/^([^.].*)\/package\.json$/, '$1') ?? '';
    return target.startsWith('.') ? normalize(join(dirname(file), target)) : target;
  });
}

const folderOf = (path: string) => path.split('/')[0]?.replace(/\.(ts|js)$/, '') ?? '';
const isOurs = (target: string) => /\.(ts|js)$/.test(target);

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
    for (const target of imports.filter(
      (name) => !isOurs(name) && !/^node:|^\.|^package\.json$/.test(name),
    )) {
      const places = packages[target];
      assert.ok(places !== undefined, `src/${file} imports ${target}, which has no place in this test`);
      const isAllowed = places.some((place) => file.startsWith(place));
      assert.ok(isAllowed, `src/${file} imports ${target}; only ${places.join(' and ')} may`);
    }
  }
});

test('nothing above the engines knows which there are, but who chooses between them', () => {
  // `doctor` tries each, `inspect` reads ONNX files, the library offers all.
  const whoKnows = ['engine/engines.ts', 'cli/commands/doctor.ts', 'cli/commands/inspect.ts', 'index.ts'];
  for (const maker of ['engine/onnx/', 'engine/onednn/']) {
    for (const { file, imports } of files) {
      if (file.startsWith(maker) || whoKnows.includes(file)) continue;
      assert.deepEqual(
        imports.filter((target) => target.startsWith(maker)),
        [],
        `src/${file}`,
      );
    }
  }
});

test('only src/cli prints or ends the process', () => {
  for (const { file } of files.filter(({ file }) => !file.startsWith('cli/'))) {
    const text = readFileSync(join(source, file), 'utf8').replaceAll(/\/\*.*?\*\//gs, '');
    assert.doesNotMatch(text, /console\.(log|warn|error)|process\.exit|process\.stdout/, `src/${file}`);
  }
});
