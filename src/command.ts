/**
 * How the user runs this program, so that every command in a message works when it is copied into a shell.
 *
 * | the package is | command |
 * |---|---|
 * | a clone | `npx cifar10` |
 * | installed globally: `cifar10` on the PATH is this package | `cifar10` |
 * | a dependency of a project, or in npx's cache | `npx cifar10-ts` |
 */
import { readFileSync, realpathSync } from 'node:fs';
import { delimiter, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const packageName = 'cifar10-ts';
const commandName = 'cifar10';

/** Where the package lies, and what the shell would find. */
export interface Installation {
  /** The folder of this package, links resolved. */
  readonly packageFolder: string;
  /** Folders that the shell looks for commands in. */
  readonly path: readonly string[];
}

/** The words of a command as the user can type them: `npx cifar10 train --max-steps 10`. */
export function command(words: string): string {
  return `${program()} ${words}`;
}

let known: string | undefined;

/** What starts this program in the user's shell. */
export function program(): string {
  known ??= programOf({
    packageFolder: fileURLToPath(new URL('..', import.meta.url)),
    path: (process.env['PATH'] ?? '').split(delimiter),
  });
  return known;
}

export function programOf({ packageFolder, path }: Installation): string {
  const inClone = !packageFolder.split(sep).includes('node_modules');
  // npx and npm's scripts put such folders in front of the path; the user's shell does not have them.
  const own = path.filter((folder) => !folder.includes('node_modules'));
  if (own.some((folder) => startsPackage(folder, packageFolder))) return commandName;
  return inClone ? `npx ${commandName}` : `npx ${packageName}`;
}

/** Is `cifar10` in the folder a link to this package, or a small script that starts it (Windows, pnpm)? */
function startsPackage(folder: string, packageFolder: string): boolean {
  if (folder === '') return false;
  const file = join(folder, process.platform === 'win32' ? `${commandName}.cmd` : commandName);
  try {
    const target = realpathSync(file);
    if (target.startsWith(realpathSync(packageFolder) + sep)) return true;
    return readFileSync(target, 'utf8')
      .slice(0, 10_000)
      .includes(join('node_modules', packageName, ''));
  } catch {
    return false;
  }
}
