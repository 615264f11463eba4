/** A run makes room for another without being lost. */
import { mkdir, readdir, realpath, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errorCode, messageOf, RunError } from '../errors.ts';
import { exists } from './exists.ts';

/** Renames `<dir>` to `<dir>.1`, or the first number that is free, and returns the new name. Of a symbolic link the folder
 * that it names is renamed, and the link then names a new, empty one. A mount point cannot be renamed: its content moves to
 * a folder `1` in it.
 * @param except names that stay in a mount point
 * @throws RunError when it cannot be renamed. */
export async function moveAside(dir: string, except: readonly string[] = []): Promise<string> {
  const named = dir.replace(/(?<=.)[/\\]+$/, '');
  let to = named;
  try {
    const from = await realpath(named);
    to = await freeName((number) => `${from}.${number}`);
    await rename(from, to);
    await mkdir(from);
    // What the user typed reads better than where a link leads.
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
  return new RunError(`${from}: cannot be moved aside to ${to} (${messageOf(error)}). Give a folder in it.`);
}
