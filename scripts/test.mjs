// @ts-check
/**
 * `npm test`: sets up, then runs every test of the built tree. `npm test -- PART` runs the files whose path has PART.
 * `npm run test:slow` runs those that take minutes (`*.slow.ts`), then those of the engines again, on other processors and
 * with another oneDNN (`npm run test:slow -- processors` only these).
 */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { testOtherEngines } from './engine-matrix.mjs';
import { root, run, setup } from './setup.mjs';

setup();
const words = process.argv.slice(2);
const isSlow = words.includes('--slow');
const parts = words.filter((word) => word !== '--slow');
const all = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' }).sort();
const chosen = all
  .filter((file) => file.endsWith(isSlow ? '.slow.js' : '.test.js'))
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)));
/** `npm run test:slow -- processors` runs nothing else. */
const asksForProcessors = isSlow && (parts.length === 0 || parts.includes('processors'));
if (chosen.length === 0 && !asksForProcessors) {
  console.error(`cifar10: no test file has ${parts.join(' or ')} in its path`);
  process.exit(1);
}
// A file a core, and computing with one thread each: two threads of two files each on two cores would wait for each other
// (trainings of onnx took three times as long). Tests of several threads ask for them by number.
const concurrency = Math.max(2, Math.min(4, availableParallelism()));
process.env.OMP_NUM_THREADS ??= '1';
const options = ['--test', `--test-concurrency=${concurrency}`];
if (chosen.length > 0) run(process.execPath, [...options, ...chosen.map((file) => join('dist', file))]);
if (asksForProcessors)
  testOtherEngines(
    all.filter((file) => file.endsWith('.test.js')),
    options,
  );
