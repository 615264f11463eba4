// @ts-check
/**
 * The tests of engines, operators and training on other processors and another oneDNN than this machine's own: with the
 * instruction sets that oneDNN is limited to by ONEDNN_MAX_CPU_ISA, and with both generations of the library, 2.x and 3.x.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root, run } from './setup.mjs';

/** A processor without AVX-512, one without bfloat16, and this one. */
const instructionSets = ['AVX2', 'AVX512_CORE', 'ALL'];
const parts = /^(engine|ops|training)\//;
/** oneDNN 3.2 for GNU OpenMP, from the Python package index: Debian 12 packages 2.6 only. */
const wheel = 'onednn-cpu-gomp==2023.2.0';

/** Runs them, or says why it does not.
 * @param {readonly string[]} files the test files, relative to dist @param {readonly string[]} options of `node` */
export function testOtherEngines(files, options) {
  const tests = files.filter((file) => parts.test(file)).map((file) => join('dist', file));
  const own = libraryIn({});
  if (!own) return console.log('>> oneDNN not found: no tests on other processors or with another oneDNN');
  const other = own.major === 2 ? newerLibrary() : undefined;
  const libraries = other === undefined ? [undefined] : [undefined, other];
  for (const file of libraries) {
    const seen = new Set();
    for (const isa of instructionSets) {
      const environment = environmentOf(isa, file);
      const library = libraryIn(environment);
      if (!library) {
        console.log(`>> ${file} cannot be opened: not tested`);
        break;
      }
      // `npm test` has tested the machine as it is; a processor may be no more than the limit allows.
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
  // The first name is that of 2.6 and later, the second the older one that 2.6 reads too.
  const limit = { ONEDNN_MAX_CPU_ISA: isa, DNNL_MAX_CPU_ISA: isa };
  return file === undefined ? limit : { ...limit, CIFAR10_ONEDNN: file };
}

/** The library that the engine opens with these variables, and the instructions that it uses.
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

/** The file of oneDNN 3.x, downloaded on first use; undefined if it is not available, after printing the reason.
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
    console.log(`>> oneDNN 3.x not available here (pip download ${wheel}: ${why}): not tested`);
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
