/** Bundles the files that run in a page according to docs/architecture.md, and runs the bundle under the conditions of a
 * page: without Node, and with a Content-Security-Policy that does not allow code made from strings. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createContext, runInContext } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { type BuildResult, build, stop } from 'esbuild-wasm';
import { encodeModel } from './engine/onnx/compile/model.ts';
import { compilerErrors, errorsOfText } from './testing/compile.ts';
import { pageFiles } from './testing/page-files.ts';
import { madeInPage } from './testing/page-program.ts';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Makes a script that sets `cifar10` to the exports of the modules in dist/. */
function bundle(modules: readonly string[]): Promise<Bundle> {
  const exports = modules.map((file, index) => `export * as module${index} from './${compiled(file)}';`);
  return bundleOf(exports.join('\n'));
}

type Bundle = BuildResult<{ write: false; metafile: true }>;

/** Makes a script that sets `cifar10` to the exports of a module. */
function bundleOf(contents: string): Promise<Bundle> {
  return build({
    stdin: { contents, resolveDir: join(root, 'dist') },
    absWorkingDir: root,
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'cifar10',
    minify: true,
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
}

const compiled = (file: string) => file.replace(/\.ts$/, '.js');

/** Requires a script to be smaller than a number of bytes when it is compressed. */
function requireSmaller({ outputFiles: [script] }: Bundle, most: number, t: TestContext): void {
  const size = gzipSync(script?.contents ?? '').length;
  t.diagnostic(`${script?.contents.length} bytes, compressed ${size}`);
  assert.ok(size > 1000 && size < most, `${size}`);
}

/** Makes a context with the globals of a page that the bundle may use. Only an isolated page has SharedArrayBuffer. */
function pageContext(): object {
  const context = createContext(
    { TextEncoder, TextDecoder },
    { codeGeneration: { strings: false, wasm: false } },
  );
  runInContext(
    'var self = globalThis, window = globalThis; delete globalThis.SharedArrayBuffer; delete globalThis.Atomics;',
    context,
  );
  return context;
}

describe('a page', () => {
  const modules = [...pageFiles(), 'testing/page-program.ts'];
  let bundled: Bundle;
  before(async () => {
    bundled = await bundle(modules);
  });
  after(stop);

  test('gets one bundle with all its modules, without warnings, which is smaller than 96 kB compressed', (t) => {
    assert.deepEqual(bundled.warnings, []);
    requireSmaller(bundled, 96_000, t);
    const inputs = Object.keys(bundled.metafile.inputs).filter(
      (path) => !/^(<stdin>|node_modules\/)/.test(path),
    );
    assert.deepEqual(inputs.sort(), modules.map((file) => `dist/${compiled(file)}`).sort());
    const packages = Object.keys(bundled.metafile.inputs).flatMap(
      (path) => /^node_modules\/([^/]+)/.exec(path)?.[1] ?? [],
    );
    assert.deepEqual([...new Set(packages)], ['protobufjs', 'long']);
  });

  test('gets the same modules from cifar10-ts/browser, which is smaller than 84 kB compressed', async (t) => {
    const entry = await bundle(['browser.ts']);
    requireSmaller(entry, 84_000, t);
    const ofPage = new Set(pageFiles().map((file) => `dist/${compiled(file)}`));
    const others = Object.keys(entry.metafile.inputs).filter((path) => !ofPage.has(path));
    assert.deepEqual(
      others.filter((path) => !/^(<stdin>|node_modules\/(protobufjs|long)\/)/.test(path)),
      [],
    );
    const context = pageContext();
    runInContext(entry.outputFiles[0]?.text ?? '', context);
    const names = Object.keys(await import('./browser.ts')).sort();
    assert.deepEqual([...runInContext('Object.keys(cifar10.module0)', context)].sort(), names);
  });

  test('that only classifies gets less than 20 kB compressed', async (t) =>
    requireSmaller(await bundleOf("export { openExportedModel } from './browser.js';"), 20_000, t));

  test('classifies with the bytes of an exported file, which another realm may have made', async () => {
    const { outputFiles } = await bundleOf("export { openExportedModel } from './browser.js';");
    const context = pageContext();
    runInContext(outputFiles[0]?.text ?? '', context);
    const metadata = new Map(
      Object.entries({ classes: '["cat","dog"]', image: '[3,32,32]', global_step: '7' }),
    );
    const graph = { name: 'g', inputs: [], outputs: [], nodes: [], initializers: new Map() };
    Object.assign(context, { file: encodeModel(graph, { metadata }) });
    const program = `
      const run = async ({ images }) => ({ probabilities: { dims: [1, 2], data: Float32Array.of(images[0], images[1]) } });
      const runtime = {
        InferenceSession: { create: async () => ({ run }) },
        Tensor: function (type, data, dims) { return data.map((value) => value / 255); },
      };
      const picture = { width: 40, height: 50, data: new Uint8ClampedArray(4 * 40 * 50).fill(255) };
      cifar10.openExportedModel(file, runtime).then((model) => model.classify(picture)).then(JSON.stringify)`;
    assert.deepEqual(JSON.parse((await runInContext(program, context)) as string), [
      { label: 'cat', index: 0, probability: 1 },
      { label: 'dog', index: 1, probability: 1 },
    ]);
  });

  test('makes graphs, models, initial variables and batches that are bit-identical to those in Node', () => {
    const context = pageContext();
    runInContext(bundled.outputFiles[0]?.text ?? '', context);
    const program = `cifar10.module${modules.length - 1}`;
    const made = runInContext(`${program}.madeInPage()`, context) as ReturnType<typeof madeInPage>;
    const here = madeInPage();
    assert.deepEqual(Object.keys(made), Object.keys(here));
    for (const [name, expected] of Object.entries(here)) {
      const found = made[name] ?? '';
      assert.equal(Buffer.compare(Buffer.from(found), Buffer.from(expected)), 0, name);
    }
    const bytes = (name: string) => made[name]?.length ?? 0;
    assert.ok(
      bytes('model') > 10_000 && bytes('watchModel') > 100 && bytes('first local3/weights') === 4 * 576 * 96,
    );
  });

  test('has no globals of Node, and cannot make code from strings', () => {
    const context = pageContext();
    const missing = [
      'process',
      'Buffer',
      'require',
      'global',
      'setImmediate',
      'SharedArrayBuffer',
      '__dirname',
    ];
    for (const name of missing) assert.equal(runInContext(`typeof ${name}`, context), 'undefined', name);
    assert.throws(() => runInContext('new Function("return 1")', context), { name: 'EvalError' });
  });

  test('cannot contain code that needs Node, because the bundler refuses it', async () => {
    await assert.rejects(bundle(['data/files.ts']), /Could not resolve "node:(crypto|fs|path)/);
    await assert.rejects(bundle(['engine/onnx/runtime/onnx-engine.ts']), /Could not resolve "node:/);
  });
});

test('the code that runs in a page compiles with the types of a page and without those of Node', () => {
  const types = { types: [], lib: ['es2023', 'es2024.arraybuffer', 'dom'] };
  const sources = pageFiles().map((file) => join(root, 'src', file));
  assert.equal(compilerErrors(sources, types), '');
  assert.match(
    errorsOfText("export const bytes: Uint8Array = Buffer.from('a');", types),
    /Cannot find name 'Buffer'/,
  );
});
