// @ts-check
/**
 * `npm test`: sets up and then runs all tests of the built tree. `npm test -- PART` runs the files whose path contains PART.
 * `npm run test:slow` runs the tests that take minutes (`*.slow.ts`), and then those of the engines again, on other
 * processors and with another version of oneDNN (`npm run test:slow -- processors` runs only these). `npm run test:soak` runs
 * `*.soak.ts`, which repeat the same with other random numbers for many minutes, and are not part of continuous integration.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { testOtherEngines } from './engine-matrix.mjs';
import { buildPage } from './page.mjs';
import { root, run, setup } from './setup.mjs';

setup();
const engineSupport = pathToFileURL(join(root, 'dist', 'testing', 'engine-support.js')).href;
const words = process.argv.slice(2);
const isSlow = words.includes('--slow');
const kind = isSlow ? 'slow' : words.includes('--soak') ? 'soak' : 'test';
if (isSlow) buildPage();
const parts = words.filter((word) => word !== `--${kind}`);
const all = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' }).sort();
const chosen = all
  .filter((file) => file.endsWith(`.${kind}.js`))
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)));
/** Whether to run the tests of the engines on other processors. `npm run test:slow -- processors` runs only these tests. */
const asksForProcessors = isSlow && (parts.length === 0 || parts.includes('processors'));
if (chosen.length === 0 && !asksForProcessors) {
  console.error(`cifar10: no path of a test file contains ${parts.join(' or ')}`);
  process.exit(1);
}
// As many test files run at the same time as there are cores, and each computes with one thread. On two cores, two files with
// two threads each would wait for each other (training with onnx took three times as long). Tests that need several threads
// set the number themselves.
const concurrency = Math.max(2, Math.min(4, availableParallelism()));
process.env.OMP_NUM_THREADS ??= '1';
process.env.CIFAR10_TEST_SUPPORT ??= JSON.stringify(deviceSupports());
// A failed test may leave a thread running, which would keep the process of its file alive.
const options = [
  '--test',
  `--test-concurrency=${concurrency}`,
  `--test-timeout=${kind === 'test' ? 600_000 : 3_600_000}`,
];
if (chosen.length > 0) run(process.execPath, [...options, ...chosen.map((file) => join('dist', file))]);
if (asksForProcessors) {
  const { supportOfOnednnAlone } = await import(engineSupport);
  process.env.CIFAR10_TEST_SUPPORT = JSON.stringify(supportOfOnednnAlone());
  testOtherEngines(
    all.filter((file) => file.endsWith('.test.js')),
    options,
  );
}

/** How well the engines' offers on devices other than the CPU work here. Prints it too.
 * @returns {Record<string, { verdict: string, why?: string }>} */
function deviceSupports() {
  const script = `const { deviceSupports } = await import(${JSON.stringify(engineSupport)});
    process.stdout.write(JSON.stringify(deviceSupports()));`;
  const words = ['--input-type=module', '-e', script];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot find out which devices work here:\n${stderr}`);
  const supports = JSON.parse(stdout);
  for (const [offer, { verdict, why = '' }] of Object.entries(supports))
    console.log(`>> Tests of ${offer}: ${verdict}${why && `, ${why.trim()}`}`);
  return supports;
}
