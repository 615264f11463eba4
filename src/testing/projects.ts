/** Projects of users for slow tests: programs that run in folders, and packages of the npm registry, which are kept in
 * `node_modules/.cache`. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the clone. */
export const root: string = fileURLToPath(new URL('../../', import.meta.url));
const cache = join(root, 'node_modules', '.cache', 'cifar10', 'projects');

export interface Outcome {
  readonly code: number | null;
  /** Standard output and standard error. */
  readonly text: string;
}

function environment(variables: object): NodeJS.ProcessEnv {
  return {
    ...process.env,
    NODE_OPTIONS: '',
    ONNXRUNTIME_NODE_INSTALL: 'skip',
    NODE_TEST_CONTEXT: undefined,
    ...variables,
  };
}

/** Runs a program to its end. */
export function execute(
  program: string,
  words: readonly string[],
  cwd: string,
  variables: object = {},
): Outcome {
  const { status, stdout, stderr, error } = spawnSync(program, words, {
    cwd,
    env: environment(variables),
    encoding: 'utf8',
    timeout: 300_000,
  });
  return { code: status, text: `${stdout}${stderr}${error?.message ?? ''}` };
}

/** Starts a program of Node.js, and resolves when its output matches.
 * @throws Error with the output, when the program ends before */
export async function start(
  words: readonly string[],
  cwd: string,
  ready: RegExp,
): Promise<{ readonly child: ChildProcess; readonly text: string }> {
  const child = spawn(process.execPath, words, { cwd, env: environment({}), stdio: 'pipe' });
  let text = '';
  await new Promise<void>((resolve, reject) => {
    const collect = (part: Buffer) => {
      text += part;
      if (ready.test(text)) resolve();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('exit', (code) => reject(new Error(`ended with exit code ${code}: ${text}`)));
  });
  return { child, text };
}

export const npm = (words: readonly string[], cwd: string): Outcome =>
  execute('npm', [...words, '--loglevel=error', '--no-audit', '--no-fund'], cwd);

/** Creates the folder of a project, with a package.json. */
export function projectFolder(name: string, parent: string): string {
  const path = join(parent, name);
  mkdirSync(path, { recursive: true });
  if (!existsSync(join(path, 'package.json')))
    writeFileSync(join(path, 'package.json'), '{ "name": "project", "type": "module", "private": true }');
  return path;
}

/** Packages of the registry in a folder that is kept, or the reason why they are missing. */
export interface Tools {
  readonly path: string;
  readonly skip: string | false;
}

/** Installs packages in a folder of that name, unless they are already there.
 * @param packages each with a version, as in `npm install` */
export function tools(name: string, packages: readonly string[]): Tools {
  const key = packages.join(' ');
  const path = projectFolder(name, cache);
  const done = join(path, 'installed');
  if (existsSync(done) && readFileSync(done, 'utf8') === key) return { path, skip: false };
  const { code, text } = npm(['install', '--ignore-scripts', ...packages], path);
  if (code === 0) writeFileSync(done, key);
  return { path, skip: code === 0 ? false : `cannot be installed: ${text.slice(0, 500)}` };
}
