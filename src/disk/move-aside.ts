/** Renames a folder to make room for a new one. */
import { mkdir, readdir, realpath, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errorCode, messageOf, RunError } from '../errors.ts';
import { exists } from './exists.ts';

/** Renames `<dir>` to `<dir>.1`, or to the first number that is free, creates an empty `<dir>`, and returns the new name. If
 * `dir` is a symbolic link, its target is renamed, and the link then points to the new folder. A mount point cannot be
 * renamed, so its contents are moved to a folder `1` inside it.
 * @param except names that are not moved out of a mount point
 * @throws RunError when the folder cannot be renamed */
export async function moveAside(dir: string, except: readonly string[] = []): Promise<string> {
  const named = dir.replace(/(?<=.)[/\\]+$/, '');
  let to = named;
  try {
    const from = await realpath(named);
    to = await freeName((number) => `${from}.${number}`);
    await rename(from, to);
    await mkdir(from);
    // The new name begins with the path as the user typed it, if that still names the same folder.
    return from === (await realpath(named)) && basename(from) === basename(named)
      ? named + to.slice(from.length)
      : to;
  } catch (error) {
    if (['EBUSY', 'EXDEV', 'EACCES', 'EPERM'].includes(errorCode(error) ?? ''))
      return moveInside(named, except, error);
    throw notMoved(named, to, error);
  }
}

async function moveInside(dir: string, except: readonly string[], reason: unknown): Promise<string> {
  const to = await freeName((number) => join(dir, String(number)));
  try {
    const names = (await readdir(dir)).filter((name) => !except.includes(name) && !/^\d+$/.test(name));
    await mkdir(to);
    for (const name of names) await rename(join(dir, name), join(to, name));
  } catch {
    throw notMoved(dir, to, reason);
  }
  return to;
}

async function freeName(name: (number: number) => string): Promise<string> {
  let number = 1;
  while (await exists(name(number))) number++;
  return name(number);
}

function notMoved(from: string, to: string, error: unknown): RunError {
  return new RunError(
    `${from}: cannot be moved aside to ${to} (${messageOf(error)}). Use a subfolder of ${from} instead.`,
  );
}
