/** Compiles and runs every program on docs/library.md, in order, in a project that has the package installed. Checks that the page
 * shows everything that the package exports, and that everything has a docstring. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import * as browser from './browser.ts';
import * as main from './index.ts';
import * as node from './node.ts';
import * as tensorboard from './tensorboard.ts';
import { undocumentedExports } from './testing/docstrings.ts';
import { withoutDecoder } from './testing/picture-files.ts';
import { writeClass } from './testing/pictures.ts';
import { copySynthetic, fewUnits } from './testing/synthetic.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const page = readFileSync(join(root, 'docs/library.md'), 'utf8');
const programs = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, text = '']) => text);
const entries = { index: main, node, browser, tensorboard };

/** Makes a program fast: few steps, small batches, few images and a small network. */
function quick(program: string): string {
  const small = /network:/.test(program) ? '' : ` network: '${fewUnits}',`;
  const few = /batchSize:/.test(program) ? '' : ' batchSize: 8,';
  return program
    .replaceAll(/maxSteps: (\d+)/g, (_, steps: string) => `maxSteps: ${steps === '1200' ? 4 : 2}`)
    .replaceAll('batchSize: 128', 'batchSize: 8')
    .replaceAll('holdout: 0.1', 'holdout: 0.01')
    .replaceAll('numExamples: 2000', 'numExamples: 100')
    .replaceAll('event.step === 1100', 'event.step === 2')
    .replaceAll(/dataset: 'synthetic',|initFrom: 'runs\/a',/g, `$&${few}${small}`);
}

/** Runs the programs one after another in one process, and calls what they export. Prints a line before each. */
const runner = `
import { readFile } from 'node:fs/promises';
globalThis.fetch = async (path) => new Response(await readFile(path));
const canvas = { width: 40, height: 30, getContext: () => ({
  getImageData: (x, y, width, height) => ({ data: new Uint8ClampedArray(4 * width * height), width, height }),
}) };
for (const index of process.argv.slice(2)) {
  console.log('program ' + index, Math.round(performance.now()) + ' ms');
  const { classify } = await import('./program-' + index + '.js');
  if (classify) console.log('classified as', await classify(canvas));
}
console.log('done');
`;

describe('docs/library.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cifar10-library-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  before(async () => {
    for (const [name, target] of [
      ['cifar10-ts', root],
      ['onnxruntime-web', join(root, 'node_modules', 'onnxruntime-node')],
    ] as const) {
      mkdirSync(join(folder, 'node_modules'), { recursive: true });
      symlinkSync(target, join(folder, 'node_modules', name), 'junction');
    }
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'run.mjs'), runner);
    for (const [index, program] of programs.entries())
      writeFileSync(join(folder, `program-${index}.ts`), quick(program));
    await copySynthetic(join(folder, 'data'));
    if (withoutDecoder === false)
      for (const [index, name] of ['cat', 'dog'].entries())
        await writeClass(join(folder, 'photos'), name, 10, 100 * index);
  });

  test('has programs that compile under the strictest settings, with the types of a page and of Node.js', () => {
    const { compilerOptions } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8')) as {
      compilerOptions: object;
    };
    const options = {
      ...{ ...compilerOptions, rootDir: '.', outDir: undefined, isolatedDeclarations: false, lib: undefined },
      ...{ types: ['node'], typeRoots: [join(root, 'node_modules', '@types')] },
    };
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ compilerOptions: options, include: ['program-*.ts'] }),
    );
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { stdout } = spawnSync(process.execPath, [tsc], { cwd: folder, encoding: 'utf8' });
    assert.equal(stdout, '');
  });

  test('has programs that run, in their order', { timeout: 120_000 }, (t) => {
    assert.ok(programs.length > 12);
    const needsPictures = (program: string) => /photos|not a picture/.test(program);
    const order = [...programs.keys()].filter(
      (index) => withoutDecoder === false || !needsPictures(programs[index] ?? ''),
    );
    const { status, stdout, stderr } = spawnSync(process.execPath, ['run.mjs', ...order.map(String)], {
      cwd: folder,
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout + stderr);
    assert.equal(stderr, '', stdout);
    t.diagnostic([...stdout.matchAll(/^program (.*)$/gm)].map(([, time]) => time).join(', '));
    const printed = (pattern: RegExp) => assert.match(stdout, pattern);
    printed(/runs\/a\/model\.ckpt-2\.safetensors 0?\d+\.\d+ 0\.\d+\n/);
    printed(/^0\.\d+ \d+ 100 ema\n\w+ \d/m);
    printed(/^saved runs\/a\/model\.ckpt-4\.safetensors$/m);
    printed(/^proposed: /m);
    printed(/^nowhere\ntrue false false$/m);
    printed(/^Float32Array\(1\) \[ 3 \] Float32Array\(3\) \[ 1, 1, 0 \]$/m);
    printed(/^1 down 1024$/m);
    printed(/^classified as \w.*: \d+\.\d%$/m);
    printed(/^\d\.\d+e?-?\d* \d+\n\{ .*rate: 0\.1.* \}$/m);
    if (withoutDecoder !== false) return;
    printed(/^photos\/cat\/1\.png \w+$/m);
    printed(/^\[ 'cat', 'dog' \]$/m);
    printed(/^true false PictureError: /m);
  });

  test('imports every value of cifar10-ts in a program', () => {
    const imported = programs.flatMap((program) =>
      [...program.matchAll(/import \{([^}]*)\} from 'cifar10-ts'/g)].flatMap(([, names = '']) =>
        names.split(',').map((name) => name.trim()),
      ),
    );
    assert.deepEqual(
      Object.keys(main).filter((name) => !imported.includes(name)),
      [],
    );
  });

  for (const [entry, values] of Object.entries(entries)) {
    test(`names every value of the entry ${entry}`, () => {
      const missing = Object.keys(values).filter((name) => !new RegExp(`\\b${name}\\b`).test(page));
      assert.deepEqual(missing, []);
    });
  }
});

for (const [entry, values] of Object.entries(entries)) {
  test(`everything that the entry ${entry} exports has a docstring`, () => {
    const { found, undocumented } = undocumentedExports(join(root, 'src', `${entry}.ts`));
    assert.deepEqual(
      Object.keys(values).filter((name) => !found.includes(name)),
      [],
      'all values are found',
    );
    assert.deepEqual(undocumented, []);
  });
}
