// @ts-check
/**
 * `npm test`: sets up, then runs every test of the built tree. `npm test -- PART` runs the files whose path has PART.
 * `npm run test:slow` runs those that take minutes (`*.slow.ts`).
 */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { root, run, setup } from './setup.mjs';

setup();
const words = process.argv.slice(2);
const ending = words.includes('--slow') ? '.slow.js' : '.test.js';
const parts = words.filter((word) => word !== '--slow');
const files = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith(ending))
  .filter((file) => parts.length === 0 || parts.some((part) => file.includes(part)))
  .sort()
  .map((file) => join('dist', file));
if (files.length === 0) {
  console.error(`cifar10: no test file has ${parts.join(' or ')} in its path`);
  process.exit(1);
}
// A file a core, and computing with one thread each: two threads of two files each on two cores would wait for each other
// (trainings of onnx took three times as long). Tests of several threads ask for them by number.
const concurrency = Math.max(2, Math.min(4, availableParallelism()));
process.env.OMP_NUM_THREADS ??= '1';
run(process.execPath, ['--enable-source-maps', '--test', `--test-concurrency=${concurrency}`, ...files]);
