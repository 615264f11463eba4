/** Runs the examples that need packages of the npm registry or of Python. They are skipped with the reason if these are missing. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { writeCheckpoint } from './checkpoint/checkpoint.ts';
import { datasets } from './data/datasets.ts';
import { exportModel } from './export/export.ts';
import { openModel } from './predict/trained-model.ts';
import { withoutChromium, withPage } from './testing/chromium.ts';
import { noisePng, withoutDecoder, writeFiles } from './testing/picture-files.ts';
import { hugePng } from './testing/pictures.ts';
import { execute, npm, root, start, type Tools, tools } from './testing/projects.ts';
import { randomCheckpoint, smallWidths } from './testing/trained.ts';

const work = mkdtempSync(join(tmpdir(), 'cifar10-examples-'));
after(() => rmSync(work, { recursive: true, force: true }));
const run = await writeCheckpoint(work, randomCheckpoint({ network: 'cifar10', configuration: smallWidths }));
const model = join(work, 'model.onnx');
for await (const _ of exportModel({ checkpointDir: run, output: model }));

/** Installs an example with the packages that its package.json names, and the package of this clone. */
function install(name: string, files: readonly string[]): Tools {
  const source = join(root, 'examples', name);
  const { dependencies } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const { 'cifar10-ts': own, ...others } = dependencies;
  assert.equal(own, 'file:../..');
  const installed = tools(
    `example-${name}`,
    Object.entries(others).map(([one, range]) => `${one}@${range}`),
  );
  for (const file of files) copyFileSync(join(source, file), join(installed.path, file));
  const link = join(installed.path, 'node_modules', 'cifar10-ts');
  if (installed.skip === false && !existsSync(link)) symlinkSync(root, link, 'junction');
  return installed;
}

const server = install('server', ['server.mjs']);

describe('the web service', { skip: server.skip || withoutDecoder }, () => {
  const upload = async (address: string, init: RequestInit) => {
    const response = await fetch(`${address}/classify`, { method: 'POST', ...init });
    return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
  };
  const raw = (body: Uint8Array<ArrayBuffer>, type = 'image/png') => ({
    body,
    headers: { 'Content-Type': type },
  });
  const form = (name: string, body: Uint8Array<ArrayBuffer>) => {
    const data = new FormData();
    data.set(name, new File([body], 'cat.png'));
    return { body: data };
  };
  const picture = new Uint8Array(noisePng(0, [3, 48, 40]));
  const bytes = (text: string) => new Uint8Array(Buffer.from(text));

  test('answers with the classes of a picture, or with the reason why it has none, and finishes what has begun when it is stopped', async () => {
    const { child, text } = await start(['server.mjs', run, '0'], server.path, /listening/);
    const [address = ''] = /http:\S+/.exec(text) ?? [];
    const ended = once(child, 'exit');
    try {
      assert.match(await (await fetch(address)).text(), /<form method="post" action="\/classify"/);
      const { status, answer } = await upload(address, raw(picture));
      const predictions = answer['predictions'] as readonly { label: string; probability: number }[];
      assert.deepEqual([status, predictions.length, typeof predictions[0]?.label], [200, 5, 'string']);
      assert.deepEqual((await upload(address, form('picture', picture))).answer, answer);

      const huge = new Uint8Array(hugePng(20_000, 20_000));
      const large = new Uint8Array(11 * 2 ** 20);
      for (const [expected, reason, init] of [
        [400, /^PNG, but damaged or cut short$/, raw(picture.slice(0, 200))],
        [400, /^the form has no file named "picture"$/, form('cat', picture)],
        [400, /^the form has no file/, raw(bytes('x'), 'multipart/form-data; boundary=x')],
        [413, /^the upload is larger than 10 MB$/, raw(large)],
        [413, /^the upload is larger than 10 MB$/, form('picture', large)],
        [413, /^20000 × 20000 is 400,000,000 pixels/, raw(huge)],
        [415, /^a text file, expected JPEG/, raw(bytes('hello'), 'image/jpeg')],
        [415, /^an SVG drawing/, form('picture', bytes('<svg xmlns="http://www.w3.org/2000/svg"/>'))],
        [415, /^an empty file, expected JPEG/, raw(new Uint8Array())],
        [415, /^send a picture/, raw(bytes('{}'), 'application/json')],
      ] as const) {
        const refused = await upload(address, init);
        assert.equal(refused.status, expected, String(reason));
        assert.match(String(refused.answer['error']), reason);
      }

      // Uploads at the same time get the answers that they get one by one.
      const others = [1, 2, 3, 4].map((seed) => new Uint8Array(noisePng(seed, [3, 200, 300])));
      const alone = [];
      for (const other of others) alone.push(await upload(address, raw(other)));
      const together = await Promise.all([...others, ...others].map((other) => upload(address, raw(other))));
      assert.deepEqual(together, [...alone, ...alone]);

      // On SIGTERM, the server finishes its open requests.
      const begun = request(`${address}/classify`, {
        method: 'POST',
        headers: { 'Content-Type': 'image/png' },
      });
      begun.write(picture.subarray(0, 100));
      await setTimeout(200);
      child.kill('SIGTERM');
      await setTimeout(200);
      begun.end(picture.subarray(100));
      const [response] = (await once(begun, 'response')) as [IncomingMessage];
      assert.equal(response.statusCode, 200);
      response.resume();
      assert.deepEqual(await ended, [0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('has no errors of types', () => {
    const compilerOptions = {
      ...{ allowJs: true, checkJs: true, noEmit: true, strict: true, module: 'nodenext', target: 'es2023' },
      ...{ types: ['node'], typeRoots: [join(root, 'node_modules', '@types')], skipLibCheck: true },
    };
    writeFileSync(
      join(server.path, 'tsconfig.json'),
      JSON.stringify({ compilerOptions, files: ['server.mjs'] }),
    );
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const { code, text } = execute(process.execPath, [compiler, '-p', '.'], server.path);
    assert.equal(code, 0, text);
  });
});

const page = install('browser', ['page.mjs', 'index.html', 'package.json']);

test('the web page classifies chosen and dropped pictures, and loads nothing from other sites', {
  skip: page.skip || withoutChromium || withoutDecoder,
}, async () => {
  copyFileSync(model, join(page.path, 'model.onnx'));
  const built = npm(['run', 'build'], page.path);
  assert.equal(built.code, 0, built.text);
  const [photo, other, text] = ['photo.png', 'other.png', 'text.jpg'].map((name) => join(work, name));
  await writeFiles({
    [photo ?? '']: noisePng(0, [3, 240, 300]),
    [other ?? '']: noisePng(1),
    [text ?? '']: 'hello',
  });
  const exported = await openModel(model);
  const [expected] = await exported.classify(other ?? '');
  await exported.release();

  await withPage(join(page.path, 'site'), async (browser) => {
    const shown = async (status: string) => {
      await browser.waitForFunction(`document.querySelector('#status').textContent.includes('${status}')`);
      return String(await browser.evaluate("document.querySelector('#predictions').innerText"));
    };
    await shown('Choose a picture');
    assert.equal(
      await browser.evaluate("document.querySelector('#classes').textContent"),
      datasets.synthetic.classes.join(', '),
    );
    const input = await browser.$('#file');
    await input?.uploadFile(photo ?? '');
    assert.match(await shown('photo.png'), /^(\w+\s+\d+\.\d%\s*){5}$/);
    await input?.uploadFile(text ?? '');
    await shown('text.jpg: ');
    assert.equal(await browser.evaluate('document.body.className'), 'failed');

    const bytes = JSON.stringify([...noisePng(1)]);
    await browser.evaluate(`{
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([new Uint8Array(${bytes})], 'dropped.png', { type: 'image/png' }));
      document.querySelector('main').dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    }`);
    const [label, share] = (await shown('dropped.png')).split(/\s+/);
    assert.deepEqual(
      [label, share],
      [expected?.label, `${(100 * (expected?.probability ?? 0)).toFixed(1)}%`],
    );
  });
});

const python = 'onnxruntime, numpy, PIL';
const hasPython = execute('python3', ['-c', `import ${python}`], root).code === 0;
test('python/classify.py prints the class of a picture', {
  skip: hasPython ? false : `python3 with ${python} is missing`,
}, () => {
  const picture = join(work, 'picture.png');
  writeFileSync(picture, noisePng(0, [3, 16, 64]));
  const { text } = execute('python3', [join(root, 'examples/python/classify.py'), model, picture], work);
  assert.match(text, /picture\.png: \w+ \(\d+\.\d%\)/);
});
