import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compilerErrors } from './testing/compile.ts';
import { inTemporaryFolder } from './testing/examples.ts';
import { isTestFile } from './testing/test-files.ts';
import { version } from './version.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !isTestFile(file))
  .map((file) => join('src', file));

test('the version and the name are those of package.json', () => {
  const manifest = JSON.parse(read('package.json')) as { name: string; version: string };
  assert.equal(version, manifest.version);
  assert.equal(manifest.name, 'cifar10-ts');
  assert.ok(read('src/command.ts').includes(`const packageName = '${manifest.name}'`));
});

test('the command exists before the first build, and then says how to build', () =>
  inTemporaryFolder(async (folder) => {
    const { bin } = JSON.parse(read('package.json')) as { bin: Readonly<Record<string, string>> };
    assert.deepEqual(Object.keys(bin), ['cifar10', 'cifar10-ts']);
    for (const path of Object.values(bin)) {
      assert.doesNotMatch(path, /^dist/);
      accessSync(join(root, path), constants.X_OK);
      mkdirSync(join(folder, 'bin'), { recursive: true });
      copyFileSync(join(root, path), join(folder, path));
      const { status, stderr } = spawnSync(process.execPath, [join(folder, path), '--version'], {
        encoding: 'utf8',
      });
      assert.deepEqual(
        [status, stderr],
        [
          1,
          'cifar10: the program is not built. In the folder of the clone, run `npm start` or `npm ci && npm run build`\n',
        ],
      );
    }
  }));

test('the package contains every file that the README links to', () => {
  const { files } = JSON.parse(read('package.json')) as { files: readonly string[] };
  const packed = (path: string) =>
    files.some(
      (entry) =>
        entry === path ||
        path.startsWith(`${entry}/`) ||
        (entry === 'docs/*.md' && /^docs\/[^/]+\.md$/.test(path)),
    );
  const links = [...read('README.md').matchAll(/\]\(([^)#\s]+)/g)].map(([, path = '']) => path);
  assert.ok(links.length > 10);
  assert.deepEqual(
    links.filter((path) => !/^https?:/.test(path) && !packed(path)),
    [],
  );
});

test('every entry can be required, and its declarations for CommonJS contain every name', () =>
  inTemporaryFolder(async (folder) => {
    const { exports } = JSON.parse(read('package.json')) as {
      exports: Readonly<Record<string, string | { readonly require: { readonly types: string } }>>;
    };
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules', 'cifar10-ts'), 'junction');
    for (const [entry, target] of Object.entries(exports)) {
      if (typeof target === 'string') continue;
      const names = [...read(target.require.types).matchAll(/^export declare const (\w+)/gm)].map(
        ([, name]) => name,
      );
      const program = `Object.keys(require('${entry.replace('.', 'cifar10-ts')}')).filter((name) => !/^__|[.]/.test(name))`;
      const { stdout, stderr } = spawnSync(process.execPath, ['-p', `JSON.stringify(${program})`], {
        cwd: folder,
        encoding: 'utf8',
      });
      assert.ok(names.length > 3, entry);
      assert.deepEqual(JSON.parse(stdout === '' ? '[]' : stdout), names.sort(), stderr);
    }
    const file = join(folder, 'program.cts');
    writeFileSync(
      file,
      `import { RunError, type TrainResult, train } from 'cifar10-ts';
       export const again = (): Promise<TrainResult> => train({ trainDir: 'run', dataDir: 'data' });
       export const isOurs = (error: unknown): error is RunError => error instanceof RunError;`,
    );
    const errors = compilerErrors([file], {
      module: 'node16',
      skipLibCheck: false,
      isolatedDeclarations: false,
      verbatimModuleSyntax: false,
    });
    assert.equal(errors, '');
  }));

/** A command of ours in a text that the program prints. `command()` adds `npx` where it is necessary. */
const suggestion =
  /\bcifar10 (?:--help|\$[{](?!version|words)|train|eval|inspect|doctor|bench|download|predict|export|import|dashboard)\b/;

test('messages suggest commands only through command(), which adapts them to how the program is run', () => {
  const literal = sources.flatMap((file) =>
    read(file)
      .split('\n')
      .filter((line) => suggestion.test(line) && !/^\s*(?:[/]?[*]|[/][/])/.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  assert.deepEqual(literal, []);
});

test('bundlers find the worker threads, whose file names are unlikely in other programs, and which have our own flags of Node.js', () => {
  const published = sources.filter((file) => !file.includes('testing'));
  // A thread whose code is a string in the program (`eval`) has no file to find.
  const workers = published.flatMap((file) =>
    [...read(file).matchAll(/^(?! *[*]).*new Worker\((?!`)([^;]*)/gm)].map(([, rest = '']) => ({
      file,
      rest,
    })),
  );
  assert.equal(workers.length, sources.filter((file) => /\bcifar10-[a-z]+-worker[.]ts$/.test(file)).length);
  for (const { file, rest } of workers) {
    const [, name = ''] =
      /^new URL\('[.][/](cifar10-[a-z]+-worker)[.]js', import[.]meta[.]url\), [{][^}]*execArgv: workerFlags\(\)/.exec(
        rest,
      ) ?? [];
    assert.ok(existsSync(join(root, file, '..', `${name}.ts`)), `${file}: ${rest}`);
  }
});

test('errors of another realm are handled, because no code uses instanceof with Error or built-in types', () => {
  const unsafeChecks = sources
    .filter((file) => !file.includes('testing'))
    .filter((file) =>
      /instanceof (?:Error|Map|Uint8Array|ArrayBuffer|Promise|Array)\b/.test(
        read(file).replaceAll(/^ *([*]|[/][/*]).*$/gm, ''),
      ),
    );
  assert.deepEqual(unsafeChecks, []);
});
