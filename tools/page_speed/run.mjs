// @ts-check
/**
 * Measures images/s in headless Chromium, beside other libraries that compute in web pages:
 *
 *     npm run build && node tools/page_speed/run.mjs --work /tmp/page-speed
 *
 * Every library computes the same network in a page of its own, and they take turns: in every round, each of them computes `--steps`
 * training steps, then as many forward passes. The table has medians over the rounds. TensorFlow.js and jax-js are installed into the
 * folder `--work`, which needs network access once. Slow libraries compute fewer steps and rounds. `--rows FILE` appends a line of JSON for every row. Run this on an idle machine.
 *
 * The other libraries do less: their step is plain SGD on a batch that stays in memory. Ours makes a distorted batch for every step,
 * computes moving averages, and for the network of the page uses Muon.
 *
 * `--only cifar10,jax` and `--networks page` measure a part, and `--threads 1` a single thread.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build, stop } from 'esbuild-wasm';
import { networks, peers, variants } from './variants.mjs';

const { values: flags } = parseArgs({
  options: {
    work: { type: 'string' },
    rows: { type: 'string' },
    only: { type: 'string', default: variants.map(({ name }) => name).join() },
    networks: { type: 'string', default: Object.keys(networks).join() },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
if (flags.work === undefined) throw new Error('--work is required: a folder for the packages of the peers');
const work = flags.work;
/** Libraries that need longer for a step are measured in the first round only. */
const mostSeconds = 10;
const [rounds = 0, steps = 0, threads = 0] = [flags.rounds, flags.steps, flags.threads].map(Number);
const root = fileURLToPath(new URL('../../', import.meta.url));
const web = join(root, 'web', 'node_modules');
const chosen = variants.filter(({ name }) => flags.only.split(',').some((one) => name.startsWith(one)));

install();
const files = await makeFiles();
const server = createServer(({ url = '' }, response) => {
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
  const file = files.get(new URL(url, 'http://localhost').pathname);
  if (file === undefined) response.writeHead(404).end();
  else response.setHeader('Content-Type', file.type).end(file.bytes);
}).listen(0, '127.0.0.1');
await once(server, 'listening');
const address = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (server.address()).port}`;
const { chromium } = createRequire(join(root, 'web', 'package.json'))('playwright-core');
// Without a GPU, WebGL is emulated by SwiftShader.
const browser = await chromium.launch({
  executablePath: flags.chromium,
  args: ['--no-sandbox', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
});
try {
  for (const network of flags.networks.split(',')) await measureNetwork(network);
} finally {
  await browser.close();
  server.close();
}

/** @typedef {{ train: number[], infer: number[] }} Speeds images/s, by round */

/** @param {string} name */
async function measureNetwork(name) {
  const network = networks[name];
  if (network === undefined) throw new Error(`unknown network ${name}`);
  const opened = [];
  for (const variant of chosen) {
    const page = await browser.newPage();
    await page.goto(`${address}/${variant.program}.html`);
    await page.waitForFunction('globalThis.create !== undefined');
    const request = { ...network, name, threads, backend: variant.backend };
    const state = await page.evaluate(`create(${JSON.stringify(request)})`);
    opened.push({ variant, page, state, speeds: /** @type {Speeds} */ ({ train: [], infer: [] }) });
    console.error(`${name}, ${variant.name}: ${JSON.stringify(state)}`);
  }
  for (let round = 0; round < rounds; round++)
    for (const { variant, page, state, speeds } of opened) {
      for (const kind of /** @type {const} */ (['train', 'infer'])) {
        if (kind === 'train' && !state.trains) continue;
        const [first = Infinity] = speeds[kind];
        if (network.batch / first > mostSeconds) continue;
        const millis = await page.evaluate(`measure(${JSON.stringify(kind)}, ${steps})`);
        speeds[kind].push((1000 * network.batch) / millis);
      }
      console.error(`round ${round + 1} of ${rounds}: ${variant.name}`);
    }
  const rows = opened.map(({ variant, state, speeds }) => ({
    ...{ date: new Date().toISOString().slice(0, 10), network: name, batch: network.batch, threads },
    ...{ variant: variant.name, version: state.version, browser: browser.version(), cpu: cpus()[0]?.model },
    trainImagesPerSecond: state.trains ? median(speeds.train) : null,
    withoutTraining: state.trains ? undefined : state.reason,
    inferImagesPerSecond: median(speeds.infer),
    rounds: speeds,
  }));
  for (const { page } of opened) await page.close();
  if (flags.rows !== undefined)
    appendFileSync(flags.rows, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  print(name, rows);
}

/** @param {string} name @param {readonly { date: string, batch: number, browser: string, variant: string, version: string,
 *   trainImagesPerSecond: number | null, inferImagesPerSecond: number }[]} rows */
function print(name, rows) {
  const speed = (/** @type {number | null} */ value) =>
    value === null ? 'cannot train' : value.toFixed(value < 10 ? 1 : 0);
  const { date, batch, browser: version } = rows[0] ?? { date: '', batch: 0, browser: '' };
  console.log(
    `\n${networks[name]?.title}, batches of ${batch}, ${threads} threads, Chromium ${version}, ${date}\n`,
  );
  console.log('| library | training, images/s | forward pass, images/s |\n|---|---|---|');
  for (const { variant, version: of, trainImagesPerSecond, inferImagesPerSecond } of rows)
    console.log(`| ${variant} (${of}) | ${speed(trainImagesPerSecond)} | ${speed(inferImagesPerSecond)} |`);
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Installs the packages of the peers. */
function install() {
  mkdirSync(work, { recursive: true });
  if (!existsSync(join(work, 'package.json')))
    writeFileSync(join(work, 'package.json'), '{ "private": true }');
  const missing = peers.filter((one) => {
    const at = one.lastIndexOf('@');
    const manifest = join(work, 'node_modules', one.slice(0, at), 'package.json');
    return !existsSync(manifest) || JSON.parse(readFileSync(manifest, 'utf8')).version !== one.slice(at + 1);
  });
  if (missing.length === 0) return;
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', ...missing], {
    cwd: work,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** Bundles the programs of the pages, and reads the WebAssembly that they load.
 * @returns {Promise<ReadonlyMap<string, { type: string, bytes: Uint8Array | string }>>} by path */
async function makeFiles() {
  /** @type {Map<string, { type: string, bytes: Uint8Array | string }>} */
  const made = new Map();
  const icon = '<link rel="icon" href="data:,">';
  for (const program of new Set(chosen.map((variant) => variant.program))) {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL(`${program}.mjs`, import.meta.url))],
      ...{ bundle: true, format: 'esm', write: false, outdir: work, logLevel: 'error' },
      // The package does not say which version it is.
      define: {
        jaxVersion: JSON.stringify(
          peers
            .find((one) => one.includes('jax'))
            ?.split('@')
            .at(-1),
        ),
      },
      nodePaths: [join(work, 'node_modules'), web],
      // TensorFlow.js mentions modules of Node.js, which a page does not need.
      external: ['fs', 'path', 'worker_threads', 'os', 'crypto', 'util', 'string_decoder', 'perf_hooks'],
    });
    for (const { path, contents } of outputFiles)
      made.set(`/${path.split(/[\\/]/).at(-1)}`, { type: 'text/javascript', bytes: contents });
    const html = `<!doctype html>${icon}<script type="module" src="${program}.js"></script>`;
    made.set(`/${program}.html`, { type: 'text/html', bytes: html });
  }
  await stop();
  const ours = ['ort-wasm-simd-threaded.wasm', 'ort-wasm-simd-threaded.mjs'].map((file) =>
    join(web, 'onnxruntime-web', 'dist', file),
  );
  const theirs = ['', '-simd', '-threaded-simd'].map((kind) =>
    join(work, 'node_modules/@tensorflow/tfjs-backend-wasm/dist', `tfjs-backend-wasm${kind}.wasm`),
  );
  for (const path of [...ours, ...theirs])
    made.set(`/${path.split('/').at(-1)}`, {
      type: path.endsWith('.wasm') ? 'application/wasm' : 'text/javascript',
      bytes: readFileSync(path),
    });
  return made;
}
