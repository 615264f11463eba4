/**
 * Lists the pictures of the sources that a user names: files, folders with all their subfolders, patterns such as `photos/*.jpg`
 * that the shell has not expanded, and `-` for standard input.
 */
import type { Dirent, Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { openRegularFile } from '../disk/regular-file.ts';
import { errorCode, messageOf, requireRunning } from '../errors.ts';
import { formatOf, pictureFormats } from '../pictures/picture-format.ts';
import { alternatives, oneLine } from '../wording.ts';

/** Something that a source stands for. `name` is the path, as the user named it or as it was found in the folder. */
export type Source =
  /** Probably a picture. Only decoding it shows whether it is one. */
  | { readonly kind: 'picture'; readonly name: string }
  /** The bytes of a picture come from standard input. */
  | { readonly kind: 'input'; readonly name: string }
  /** Something that the user named, but that cannot be read. */
  | { readonly kind: 'unreadable'; readonly name: string; readonly reason: string }
  /** A file in a folder that is not a picture. */
  | { readonly kind: 'ignored'; readonly name: string; readonly reason: string };

/** The source that stands for standard input. */
export const standardInput = '-';

/** Lists the pictures in the order of the sources, and those of a folder in the order of their names.
 * @throws StoppedError when the signal is aborted */
export async function listSources(
  names: readonly string[],
  signal?: AbortSignal,
): Promise<readonly Source[]> {
  const found: Source[] = [];
  for (const name of names) {
    if (name === standardInput) found.push({ kind: 'input', name });
    else await addNamed(found, name, signal);
  }
  return found;
}

async function addNamed(found: Source[], name: string, signal: AbortSignal | undefined): Promise<void> {
  const stats = await statOf(name);
  if (typeof stats !== 'string') await addFound(found, name, stats, signal);
  // A file whose name contains a bracket is not a pattern.
  else if (stats === missing && isDynamicPattern(name)) await addPattern(found, name, signal);
  else found.push({ kind: 'unreadable', name, reason: stats });
}

async function addFound(
  found: Source[],
  name: string,
  stats: Stats,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (!stats.isDirectory()) {
    found.push({ kind: 'picture', name });
    return;
  }
  const inside: Source[] = [];
  await addFolder(inside, name, signal);
  if (inside.every(({ kind }) => kind === 'ignored'))
    inside.push({ kind: 'unreadable', name, reason: 'the folder contains no pictures' });
  // The spread operator would exceed the stack for a large folder.
  for (const source of inside) found.push(source);
}

async function addPattern(found: Source[], name: string, signal: AbortSignal | undefined): Promise<void> {
  requireRunning(signal);
  const matches = await glob(name, {
    ...{ onlyFiles: false, expandDirectories: false, absolute: isAbsolute(name) },
    ...(signal && { signal }),
  });
  if (matches.length === 0) found.push({ kind: 'unreadable', name, reason: 'no file matches this pattern' });
  for (const match of matches.map((path) => path.replace(/(.)\/$/, '$1')).sort()) {
    const stats = await statOf(match);
    if (typeof stats === 'string') found.push({ kind: 'unreadable', name: match, reason: stats });
    else await addFound(found, match, stats, signal);
  }
}

/** Adds the pictures in a folder and in its subfolders. Names that begin with a dot are left out. */
async function addFolder(found: Source[], folder: string, signal: AbortSignal | undefined): Promise<void> {
  requireRunning(signal);
  let entries: readonly Dirent[];
  try {
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    const reason = `the folder cannot be listed (${oneLine(messageOf(error))})`;
    found.push({ kind: 'unreadable', name: folder, reason });
    return;
  }
  const visible = entries.filter(({ name }) => !name.startsWith('.'));
  for (const entry of visible.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await addFolder(found, path, signal);
    else found.push(await sourceOf(entry, path));
  }
}

/** Endings of the names of pictures, including formats that are not decoded, whose error says so. */
const pictureEnding =
  /\.(jpe?g|jfif|jpe|png|apng|webp|avif|gif|tiff?|svgz?|heic|heif|bmp|ico|jxl|jp2|j2k|psd|dng|cr2|cr3|nef|arw|raw)$/i;

/** Decides whether a file in a folder is a picture: by its name, or else by its first bytes. */
async function sourceOf(entry: Dirent, path: string): Promise<Source> {
  const ignored = (reason: string): Source => ({ kind: 'ignored', name: path, reason });
  const stats = entry.isFile() ? undefined : await statOf(path);
  if (typeof stats === 'string')
    return { kind: 'unreadable', name: path, reason: `a link to a file that ${stats}` };
  if (stats?.isDirectory() === true) return ignored('a link to a folder, which is not followed');
  if (stats?.isFile() === false) return ignored('not a regular file');
  if (pictureEnding.test(path)) return { kind: 'picture', name: path };
  const format = await formatAt(path);
  if (format === undefined || pictureFormats.some((name) => name === format))
    return { kind: 'picture', name: path };
  return ignored(`${format}, expected ${alternatives(pictureFormats)}`);
}

/** Returns the format of a file by its first bytes, or undefined if the file cannot be read. */
async function formatAt(path: string): Promise<string | undefined> {
  try {
    const file = await openRegularFile(path);
    try {
      const { buffer, bytesRead } = await file.read(new Uint8Array(4096), 0, 4096, 0);
      return formatOf(buffer.subarray(0, bytesRead));
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

const missing = 'does not exist';

/** Returns what a path leads to, or the reason why it cannot be used. */
async function statOf(path: string): Promise<Stats | string> {
  try {
    return await stat(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return missing;
    return code === 'ELOOP'
      ? 'leads through a loop of links'
      : `cannot be read (${oneLine(messageOf(error))})`;
  }
}
