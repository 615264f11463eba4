// @ts-check
/**
 * The set-up that every command of package.json runs first: it installs the dependencies and builds `dist/` if they are
 * missing or older than their sources. Install scripts are disabled (.npmrc), so npm also skips our own `pre…` and `post…`
 * scripts; that is why `start`, `test` and the others call this themselves.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeCommonJs } from './commonjs.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));
const oldestNode = [20, 19];

/** Keeps this process alive on Ctrl-C, which reaches every process of the terminal. The program that this process runs saves
 * and prints before it ends. If this process did not wait for it, the prompt of the shell would appear first. */
function outliveTheProgram() {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    if (process.listenerCount(name) === 0) process.on(name, () => {});
}

/** Runs a program in the same terminal, and exits with its exit code if it fails.
 * @param {string} command
 * @param {readonly string[]} args */
export function run(command, args) {
  outliveTheProgram();
  const { status, signal, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error) fail(`cannot run ${command}: ${error.message}`);
  if (signal === 'SIGINT' || signal === 'SIGTERM' || signal === 'SIGHUP')
    process.exit(128 + constants.signals[signal]);
  if (signal) fail(`${command} was stopped by ${signal}`);
  if (status !== 0) process.exit(status ?? 1);
}

/** Runs a command of the program in the folder of the project. The command suggests no next commands, because the caller does.
 * @param {readonly string[]} words */
export function cifar10(...words) {
  process.env.CIFAR10_SUGGEST = 'no';
  run(process.execPath, [join(root, 'dist', 'cli', 'main.js'), ...words]);
}

/** Installs and builds if necessary. */
export function setup() {
  checkNode();
  install(root, 'the dependencies (about 300 MB, once)');
  build();
}

function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [needMajor = 0, needMinor = 0] = oldestNode;
  if (major < needMajor || (major === needMajor && minor < needMinor)) {
    fail(`Node.js ${process.versions.node} is too old: cifar10 needs ${oldestNode.join('.')} or newer`);
  }
}

/** Runs `npm ci` if nothing is installed in a folder, or if it was installed from another lock file.
 * @param {string} folder
 * @param {string} what what is installed, for the message */
export function install(folder, what) {
  const installed = join(folder, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && modified(installed) >= modified(join(folder, 'package-lock.json'))) return;
  console.log(`>> Installing ${what}`);
  npm('ci', '--loglevel=error', '--prefix', folder);
}

/** Runs npm, and exits with its exit code if it fails.
 * @param {readonly string[]} words */
export function npm(...words) {
  const path = process.env.npm_execpath;
  if (path) run(process.execPath, [path, ...words]);
  else run(process.platform === 'win32' ? 'npm.cmd' : 'npm', words);
}

/** Compiles `src/` to `dist/` if a source is newer than the last complete build. The build is written to a temporary folder
 * that then replaces `dist/`, so that a running program always loads the scripts of its threads from a complete folder. */
export function build() {
  const dist = join(root, 'dist');
  const stamp = join(dist, '.built');
  const sources = [
    newest(join(root, 'src')),
    modified(join(root, 'tsconfig.json')),
    modified(join(root, 'package-lock.json')),
    modified(join(root, 'package.json')),
    modified(join(root, 'scripts', 'commonjs.mjs')),
  ];
  if (existsSync(stamp) && modified(stamp) >= Math.max(...sources)) return;
  console.log('>> Building');
  const started = new Date();
  const made = join(root, `dist.${process.pid}.tmp`);
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  // If the compiler finds an error, `run` exits.
  process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  run(process.execPath, [tsc, '-p', join(root, 'tsconfig.json'), '--outDir', made]);
  writeCommonJs(made);
  // Older installations link to this file directly.
  chmodSync(join(made, 'cli', 'main.js'), 0o755);
  writeFileSync(join(made, '.built'), '');
  // The stamp gets the time at which the build started, so that files changed during the build are newer than the stamp.
  utimesSync(join(made, '.built'), started, started);
  const replaced = join(root, `dist.${process.pid}.old.tmp`);
  if (existsSync(dist)) renameSync(dist, replaced);
  renameSync(made, dist);
  rmSync(replaced, { recursive: true, force: true });
}

/** The time of the last change of a file.
 * @param {string} file */
export function modified(file) {
  return statSync(file).mtimeMs;
}

/** The time of the newest change below a folder, including deletions, which change the time of the folder itself.
 * @param {string} folder
 * @returns {number} */
export function newest(folder) {
  const times = readdirSync(folder, { withFileTypes: true }).map((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? newest(path) : modified(path);
  });
  return Math.max(modified(folder), ...times);
}

/** @param {string} message @returns {never} */
export function fail(message) {
  console.error(`cifar10: ${message}`);
  process.exit(1);
}
