// @ts-check
/** `npm test`: sets up, then runs every test of the built tree. `npm test -- PART` runs the files whose path has PART. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, run, setup } from './setup.mjs';

setup();
const wanted = process.argv.slice(2);
const files = readdirSync(join(root, 'dist'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.js'))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort()
  .map((file) => join('dist', file));
if (files.length === 0) {
  console.error(`cifar10: no test file has ${wanted.join(' or ')} in its path`);
  process.exit(1);
}
run(process.execPath, ['--enable-source-maps', '--test', '--test-concurrency=2', ...files]);
