/**
 * How the user runs this program. Commands in messages use this form, so that they work when they are copied into a shell.
 *
 * | the package is | command |
 * |---|---|
 * | a clone | `npx cifar10` |
 * | installed globally: `cifar10` on the PATH is this package | `cifar10` |
 * | a dependency of a project, or in npx's cache | `npx cifar10-ts` |
 * | read by Yarn's Plug'n'Play | `yarn cifar10` |
 */
import { readFileSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const packageName = 'cifar10-ts';
const commandName = 'cifar10';

/** Where the package is, and where the shell looks for commands. */
export interface Installation {
  /** The folder of this package, with links resolved. */
  readonly packageFolder: string;
  /** The folders in which the shell looks for commands. */
  readonly path: readonly string[];
  /** Whether Yarn's Plug'n'Play loads the package. It adds a folder of its own to the path, and has no global installations. */
  readonly plugAndPlay?: boolean;
}

/** Returns a command as the user can type it: `npx cifar10 train --max-steps 10`. */
export function command(words: string): string {
  return `${program()} ${words}`;
}

let known: string | undefined;

/** Returns the words with which the user's shell starts this program. */
export function program(): string {
  known ??= programOf({
    // This is not `new URL('..', import.meta.url)`, because bundlers would regard that as a file to copy.
    packageFolder: dirname(dirname(fileURLToPath(import.meta.url))),
    path: (process.env['PATH'] ?? '').split(delimiter),
    plugAndPlay: process.versions['pnp'] !== undefined,
  });
  return known;
}

export function programOf({ packageFolder, path, plugAndPlay = false }: Installation): string {
  if (plugAndPlay) return `yarn ${commandName}`;
  // npx and npm scripts add folders in node_modules to the front of PATH, which are not on the PATH of the user's shell.
  const own = path.filter((folder) => !foldersOf(folder).includes('node_modules'));
  if (own.some((folder) => startsPackage(folder, packageFolder))) return commandName;
  return isInstalled(packageFolder) ? `npx ${packageName}` : `npx ${commandName}`;
}

/** Whether a package manager installed the package in this folder. Otherwise the folder is a clone, wherever it is. */
function isInstalled(packageFolder: string): boolean {
  return foldersOf(packageFolder).includes('node_modules');
}

function foldersOf(path: string): readonly string[] {
  return path.split(/[\\/]/);
}

/** Whether `cifar10` in the folder is a link to this package, or a small script that starts it (Windows, pnpm, Volta). */
function startsPackage(folder: string, packageFolder: string): boolean {
  if (folder === '') return false;
  const file = join(folder, process.platform === 'win32' ? `${commandName}.cmd` : commandName);
  try {
    const target = realpathSync(file);
    if (target.startsWith(realpathSync(packageFolder) + sep)) return true;
    return isShimOf(readFileSync(target, 'utf8').slice(0, 10_000).replaceAll('\\', '/'));
  } catch {
    return false;
  }
}

/** Whether a script starts this package. It then contains `"$basedir/global/5/node_modules/cifar10-ts/bin/cifar10.mjs"` (pnpm,
 * npm on Windows). pnpm's store has a version in the name. */
function isShimOf(script: string): boolean {
  return (
    script.includes(`/node_modules/${packageName}/`) || script.includes(`/${packageName}/bin/cifar10.mjs`)
  );
}
