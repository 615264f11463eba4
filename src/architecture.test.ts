import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { engineNames } from './engine/offers.ts';
import { pageFiles, pageRows } from './testing/page-files.ts';
import { isTestFile } from './testing/test-files.ts';

/** The files that may import each package. protobufjs is imported in one place for each format that consists of protobuf
 * messages. */
const packages: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-node': ['engine/onnx/runtime/onnx-runtime.ts', 'engine/onnx/runtime/installed-package.ts'],
  protobufjs: ['engine/onnx/inspect/schema.ts', 'summary/schema.ts', 'tensorflow/schema.ts'],
  'protobufjs/minimal.js': ['engine/onnx/compile/model.ts', 'page/onnx-metadata.ts', 'page/onnx-weights.ts'],
  'protobufjs/light.js': ['checkpoint/checkpoint-index.ts'],
  'protobufjs/ext/textformat.js': ['checkpoint/checkpoint-index.ts'],
  'fast-png': ['summary/png.ts'],
  koffi: ['native/koffi.ts', 'cli/end-process.ts', 'cli/watchdog.ts'],
  'string-width': ['cli/width.ts'],
  'modern-tar': ['data/download/extract.ts'],
  'smol-toml': ['run/recipe-toml.ts', 'run/print-recipe.ts'],
  sharp: ['pictures/decode.ts'],
  '@cwasm/jpeg-turbo/jpeg-turbo.wasm': ['pictures/plain-jpeg.ts'],
  hono: ['dashboard/server/app.ts'],
  '@hono/node-server': ['dashboard/server/serve.ts'],
  '@hono/node-server/utils/response': ['dashboard/server/app.ts'],
  tinyglobby: ['predict/sources.ts'],
  undici: ['data/download/request.ts'],
};

const source = fileURLToPath(new URL('../src/', import.meta.url));

/** The import law in docs/architecture.md: one row per folder, with the folders from which it may import. */
const law = lawIn(readFileSync(new URL('../docs/architecture.md', import.meta.url), 'utf8'));

function lawIn(page: string): ReadonlyMap<string, readonly string[]> {
  const [, table = ''] = /\n\| folder \|.*\n\|[-|]+\n((?:\|.*\n)+)/.exec(page) ?? [];
  const rows = table.trim().split('\n');
  return new Map(
    rows.map((row) => {
      const [, folder = '', , allowed = ''] = row.split('|');
      const names = (cell: string) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = '']) => name);
      return [names(folder).join(), names(allowed)] as const;
    }),
  );
}

interface Import {
  /** The package or module, or a path relative to src/. */
  readonly target: string;
  /** Whether the import is only of types, which the compiler removes. */
  readonly isType: boolean;
}

/** The files of the program (without tests) and their imports. */
const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !isTestFile(file) && !file.startsWith('testing'))
  .map((file) => ({ file, found: importsOf(file) }))
  .map(({ file, found }) => ({ file, found, imports: found.map(({ target }) => target) }));

function importsOf(file: string): readonly Import[] {
  // Examples in comments import the package.
  const text = readFileSync(join(source, file), 'utf8').replaceAll(/^ *\/?[*].*$/gm, '');
  const found = text.matchAll(
    /(?:^|\n)(?:import|export)\s[^'"]*?from ['"]([^'"]+)['"]|(?:\bimport\(|\nimport )['"]([^'"]+)['"]|new URL\('(\.[^']+\.js)'|createRequire\([^)]*\)(?:\.resolve)?\('([^']+)'\)/g,
  );
  return [...found].map(([whole, from, lazy, url, required]) => {
    const target = from ?? lazy ?? url ?? required?.replace(/^([^.].*)\/package\.json$/, '$1') ?? '';
    return {
      target: target.startsWith('.') ? normalize(join(dirname(file), target)) : target,
      isType: /^\s*(?:import|export)\s+type\b/.test(whole),
    };
  });
}

const folderOf = (path: string) => path.split('/')[0]?.replace(/\.(ts|js)$/, '') ?? '';
const isOurs = (target: string) => /\.(ts|js)$/.test(target) && packages[target] === undefined;

test('every folder imports only what its row in docs/architecture.md names', () => {
  assert.ok(files.length > 50, 'the source files are found');
  for (const { file, imports } of files) {
    const folder = folderOf(file);
    const allowed = law.get(folder);
    assert.ok(allowed, `src/${folder} has no row in the import law of docs/architecture.md`);
    for (const target of imports.filter(isOurs)) {
      const other = folderOf(target);
      assert.ok(
        other === folder || allowed.includes(other),
        `src/${file} imports ${target}: according to docs/architecture.md, ${folder} must not import from ${other}`,
      );
    }
  }
});

test('every row of the import law is for an existing path, and lists only rows above it', () => {
  const known = new Set(files.map(({ file }) => folderOf(file)));
  assert.deepEqual([...law.keys()].sort(), [...known].sort());
  const above: string[] = [];
  for (const [folder, allowed] of law) {
    assert.deepEqual(
      allowed.filter((name) => !above.includes(name)),
      [],
      `the row of ${folder}`,
    );
    above.push(folder);
  }
});

test('every network, data set, augmentation, recipe, optimizer, operator, command and pass is in its table', () => {
  const folders =
    /^(model\/networks|data\/datasets|input\/augmentations|recipe\/recipes|optimizer|ops|cli\/commands|engine\/onnx\/compile)\//;
  const used = new Set(
    files.flatMap(({ imports }) => imports.map((target) => target.replace(/\.js$/, '.ts'))),
  );
  const ours = files.map(({ file }) => file).filter((file) => folders.test(file));
  assert.ok(ours.length > 50);
  assert.deepEqual(
    ours.filter((file) => !used.has(file)),
    [],
    'no file imports it: add it to the table of its folder',
  );
});

test('every permission is used by an import', () => {
  const imported = (folder: string) =>
    new Set(
      files
        .filter(({ file }) => folderOf(file) === folder)
        .flatMap(({ imports }) => imports.filter(isOurs).map(folderOf)),
    );
  const unused = [...law].flatMap(([folder, allowed]) => {
    const used = imported(folder);
    return allowed.filter((name) => !used.has(name)).map((name) => `${folder} imports ${name}`);
  });
  assert.deepEqual(unused, [], 'remove from the import law of docs/architecture.md');
  const unusedPackages = Object.entries(packages).flatMap(([target, places]) =>
    places
      .filter((place) => !files.some(({ file, imports }) => file === place && imports.includes(target)))
      .map((place) => `${place} imports ${target}`),
  );
  assert.deepEqual(unusedPackages, [], 'remove from the packages in this file');
});

test('modules for browsers import only modules for browsers, and no package but protobufjs/minimal.js', () => {
  const inPage = pageFiles();
  for (const row of pageRows())
    assert.ok(
      inPage.some((file) => file === row || file === `${row}.ts` || file.startsWith(`${row}/`)),
      `docs/architecture.md names ${row}, which does not exist`,
    );
  for (const { file, found } of files.filter(({ file }) => inPage.includes(file))) {
    for (const { target, isType } of found) {
      const runsThere = isType ? isOurs(target) : inPage.includes(target);
      const isAllowed = runsThere || target === 'protobufjs/minimal.js';
      assert.ok(
        isAllowed,
        `src/${file} imports ${target}, but according to docs/architecture.md it runs in a page`,
      );
    }
  }
});

test('every package is imported in one place, so that it can be replaced', () => {
  for (const { file, imports } of files) {
    for (const target of imports.filter(
      (name) => !isOurs(name) && !/^node:|^\.|^package\.json$/.test(name),
    )) {
      const places = packages[target];
      assert.ok(places !== undefined, `src/${file} imports ${target}, which this test does not list`);
      assert.ok(places.includes(file), `src/${file} imports ${target}, but only ${places.join(' and ')} may`);
    }
  }
});

test('above the engines, only the code that chooses an engine knows which engines exist', () => {
  // These files may import from the folder of an engine: `inspect`, `predict` and `run` read ONNX files, `export` makes them, a page
  // has no other engine, and the library exports all engines.
  const allowed = [
    ...[
      'engine/registry.ts',
      'inspect/onnx.ts',
      'export/onnx-model.ts',
      'export/portable-model.ts',
      'page/page-session.ts',
      'node.ts',
      'browser.ts',
      'types.ts',
      'portable.ts',
    ],
    ...['predict/exported-classifier.ts', 'predict/exported-file.ts', 'run/weight-source.ts'],
  ];
  for (const maker of engineNames.map((name) => `engine/${name}/`)) {
    for (const { file, imports } of files) {
      if (file.startsWith(maker) || allowed.includes(file)) continue;
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
