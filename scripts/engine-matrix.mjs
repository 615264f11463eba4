// @ts-check
/**
 * Runs the tests of engines, operators and training with both generations of oneDNN, 2.x and 3.x, each with several instruction
 * sets. ONEDNN_MAX_CPU_ISA limits oneDNN to an instruction set, so that it computes as on a processor that has no other.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, run } from './setup.mjs';

/** A processor without AVX-512, one without bfloat16, and this one. */
const instructionSets = ['AVX2', 'AVX512_CORE', 'ALL'];
const parts = /^(engine|model|ops|optimizer|training)\//;
/** oneDNN 3.2 for GNU OpenMP, from the Python package index, because Debian 12 only has a package of 2.6. */
const wheel = 'onednn-cpu-gomp==2023.2.0';

/** Runs the tests, or prints why it does not.
 * @param {readonly string[]} files the test files, relative to dist
 * @param {readonly string[]} options options for `node` */
export function testOtherEngines(files, options) {
  const tests = files.filter((file) => parts.test(file)).map((file) => join('dist', file));
  const own = libraryIn({});
  if (!own)
    return console.log(
      '>> oneDNN not found: skipping the tests on other processors and with another version of oneDNN',
    );
  const other = own.major === 2 ? newerLibrary() : undefined;
  const libraries = other === undefined ? [undefined] : [undefined, other];
  for (const file of libraries) {
    const seen = new Set();
    for (const isa of instructionSets) {
      const environment = environmentOf(isa, file);
      const library = libraryIn(environment);
      if (!library) {
        console.log(`>> ${file} cannot be opened: skipped`);
        break;
      }
      // Nothing is tested twice: `npm test` has tested the installed library without a limit, and a limit has no effect on a
      // processor that supports no more than it allows.
      const isKnown = seen.has(library.isa) || (file === undefined && library.isa === own.isa);
      seen.add(library.isa);
      if (isKnown) continue;
      console.log(`>> Engines, operators and training with oneDNN ${library.version} on ${isa}`);
      Object.assign(process.env, environment);
      run(process.execPath, [...options, ...tests]);
    }
  }
}

/** @param {string} isa @param {string | undefined} file
 * @returns {Record<string, string>} */
function environmentOf(isa, file) {
  // oneDNN 2.6 and later read the first name. The second is the older name, which 2.6 also reads.
  const limit = { ONEDNN_MAX_CPU_ISA: isa, DNNL_MAX_CPU_ISA: isa };
  return file === undefined ? limit : { ...limit, CIFAR10_ONEDNN: file };
}

/** The library that the engine opens with these variables, and the instruction set that it uses.
 * @param {Record<string, string>} environment
 * @returns {{ major: number, version: string, isa: number } | undefined} */
function libraryIn(environment) {
  const module = pathToFileURL(join(root, 'dist', 'engine', 'onednn', 'native', 'library.js')).href;
  const script = `const { openLibrary } = await import(${JSON.stringify(module)});
    const library = openLibrary();
    const isa = Number(library.function('dnnl_get_effective_cpu_isa', 'int', [])());
    console.log(JSON.stringify({ major: library.major, version: library.version, isa }));`;
  const env = { ...process.env, ...environment };
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    env,
    encoding: 'utf8',
  });
  return status === 0 ? JSON.parse(stdout) : undefined;
}

/** The file of oneDNN 3.x, which is downloaded on first use. Prints the reason and returns undefined if it is not available.
 * @returns {string | undefined} */
function newerLibrary() {
  const folder = join(root, 'node_modules', '.cache', 'cifar10', wheel);
  const found = libraryFile(folder);
  if (found !== undefined) return found;
  mkdirSync(folder, { recursive: true });
  const steps = [
    ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', folder, wheel],
    [
      '-c',
      'import sys, glob, zipfile\nfor f in glob.glob(sys.argv[1] + "/*.whl"): zipfile.ZipFile(f).extractall(sys.argv[1])',
      folder,
    ],
  ];
  for (const step of steps) {
    const { status, stderr, error } = spawnSync('python3', step, { encoding: 'utf8' });
    if (status === 0) continue;
    const why = error?.message ?? stderr.trim().split('\n').at(-1);
    console.log(`>> oneDNN 3.x is not available here (pip download ${wheel}: ${why}): skipped`);
    return undefined;
  }
  return libraryFile(folder);
}

/** @param {string} folder @returns {string | undefined} */
function libraryFile(folder) {
  if (!existsSync(folder)) return undefined;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const file = files.find((name) => name.endsWith('libdnnl.so.3'));
  return file && join(folder, file);
}
