/** Decides whether a path is inside a folder. */
import { realpath } from 'node:fs/promises';
import { isAbsolute, relative, sep } from 'node:path';
import { existingFolder } from './writable.ts';

/** Whether a path is a folder or inside it. Both are absolute and without symbolic links. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Whether a path, which need not exist, leads into a folder, directly or through symbolic links.
 * @throws the error of the operating system, when the folder does not exist */
export async function leadsInto(folder: string, path: string): Promise<boolean> {
  const { existing } = await existingFolder(path);
  return isInside(await realpath(folder), await realpath(existing));
}
