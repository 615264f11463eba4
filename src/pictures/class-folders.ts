/**
 * Reads the layout of PyTorch's ImageFolder, Keras and Ultralytics: a folder for each class, optionally in folders for training,
 * validation and test.
 *
 *     photos/cat/1.jpg       photos/train/cat/1.jpg
 *     photos/dog/2.jpg       photos/val/dog/2.jpg
 *
 * Class folders may have subfolders. Hidden files and folders are ignored. A symbolic link is followed if it leads to a file
 * inside the folder.
 */
import { type Dirent, stat as statCallback } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isInside } from '../disk/inside.ts';
import { errorCode, RunError } from '../errors.ts';
import { eachOf } from '../parallel.ts';
import { counted, enumeration, oneLine, quoted } from '../wording.ts';
import { classesOfNames, compareNames, normalName, splitNamed } from './class-names.ts';
import { stampOf } from './file-stamp.ts';
import { readErrorText } from './read-error.ts';
import type { FoundPicture, Part, PictureSource, Skipped } from './source.ts';

/** Where class folders are. */
interface Place {
  /** The path relative to the source; empty for the source itself. */
  readonly path: string;
  readonly part: Part | undefined;
}

/** A file in a class folder. */
interface ClassFile {
  readonly path: string;
  readonly className: string;
  readonly part: Part | undefined;
}

/** @param root the folder, without symbolic links
 * @throws RunError for a folder that cannot be read, a class without pictures, and for fewer than 2 or more than 1,000 classes */
export async function readClassFolders(path: string, root: string): Promise<PictureSource> {
  const skipped: Skipped[] = [];
  const walk = new Walk(path, root, skipped);
  const places = await placesIn(walk, skipped);
  const files: ClassFile[] = [];
  const folders: { readonly name: string; readonly part: Part | undefined; readonly path: string }[] = [];
  for (const { path: place, part } of places) {
    for (const entry of await walk.entries(place)) {
      const inside = joined(place, entry.name);
      if (!entry.isDirectory()) {
        skipped.push({ path: inside, reason: await reasonOutside(walk, entry, inside) });
        continue;
      }
      const name = normalName(entry.name);
      folders.push({ name, part, path: inside });
      for (const file of await walk.files(inside)) files.push({ path: file, className: name, part });
    }
  }
  requireFolders(path, folders.length, skipped);
  const training = folders.filter(({ part }) => part === undefined || part === 'train');
  const classes = classesOfNames(
    training.map(({ name }) => name),
    oneLine(path),
    await adviceForOne(walk, training),
  );
  for (const folder of folders)
    if (!classes.includes(folder.name))
      throw new RunError(
        `${oneLine(join(path, folder.path))}: the training pictures have no class ${quoted(folder.name)}; their classes are ${list(classes)}`,
      );
  const pictures = await walk.found(files, classes);
  requirePictures(path, classes, training, pictures, skipped);
  return { path, isFolder: true, root, classes, pictures, skipped };
}

/** Returns the folders that contain class folders: the source, or its folders for training, validation and test. A class may be
 * named `train`, so this folder must contain folders. */
async function placesIn(walk: Walk, skipped: Skipped[]): Promise<readonly Place[]> {
  const entries = await walk.entries('');
  const folders = entries.filter((entry) => entry.isDirectory());
  const parts = folders.flatMap(({ name }) => {
    const part = splitNamed(name);
    return part === undefined ? [] : [{ path: name, part }];
  });
  const training = parts.filter(({ part }) => part === 'train');
  const inside = await Promise.all(training.map(({ path }) => walk.entries(path)));
  if (!inside.flat().some((entry) => entry.isDirectory())) return [{ path: '', part: undefined }];
  for (const entry of entries)
    if (!entry.isDirectory() || splitNamed(entry.name) === undefined)
      skipped.push({ path: entry.name, reason: 'beside the folder with the training pictures' });
  return parts;
}

/** Reads folders inside the source. */
class Walk {
  readonly #path: string;
  readonly #root: string;
  readonly #skipped: Skipped[];

  constructor(path: string, root: string, skipped: Skipped[]) {
    this.#path = path;
    this.#root = root;
    this.#skipped = skipped;
  }

  /** Returns the entries of a folder in order, except hidden ones.
   * @throws RunError when the folder cannot be read */
  async entries(folder: string): Promise<readonly Dirent[]> {
    const path = join(this.#path, folder);
    try {
      const found = await readdir(path, { withFileTypes: true });
      return found.filter(({ name }) => !isHidden(name)).sort((a, b) => compareNames(a.name, b.name));
    } catch (error) {
      throw new RunError(
        `${oneLine(path)}: the folder ${readErrorText(error, folder)}. Nothing was imported`,
        { cause: error },
      );
    }
  }

  /** Returns the paths of the files in a folder and its subfolders, in order. */
  async files(folder: string): Promise<readonly string[]> {
    const files: string[] = [];
    for (const entry of await this.entries(folder)) {
      const path = joined(folder, entry.name);
      if (entry.isDirectory()) files.push(...(await this.files(path)));
      else if (entry.isFile()) files.push(path);
      else {
        const reason = await this.reasonAgainst(entry, path);
        if (reason === undefined) files.push(path);
        else this.#skipped.push({ path, reason });
      }
    }
    return files;
  }

  /** Returns why something other than a file is not used, or undefined for a link to a file inside the source. */
  async reasonAgainst(entry: Dirent, path: string): Promise<string | undefined> {
    if (!entry.isSymbolicLink()) return 'not a regular file';
    try {
      const target = await realpath(join(this.#path, path));
      if (!isInside(this.#root, target)) return 'a symbolic link out of the folder';
      return (await stat(target)).isFile() ? undefined : 'a symbolic link to a folder';
    } catch (error) {
      return errorCode(error) === 'ENOENT'
        ? 'a broken symbolic link'
        : `a symbolic link that ${readErrorText(error, path)}`;
    }
  }

  /** Adds size and time to files, in parallel. */
  async found(files: readonly ClassFile[], classes: readonly string[]): Promise<readonly FoundPicture[]> {
    const labels = new Map(classes.map((name, label) => [name, label]));
    const stats = await eachOf(files, statsAtOnce, ({ path }) =>
      stat(join(this.#path, path)).catch((error: unknown) => readErrorText(error, path)),
    );
    const pictures: FoundPicture[] = [];
    for (const [index, { path, className, part }] of files.entries()) {
      const found = stats[index];
      if (typeof found === 'object')
        pictures.push({
          ...{ path, label: labels.get(className) ?? 0, part },
          ...stampOf(found),
        });
      else this.#skipped.push({ path, reason: found ?? '' });
    }
    return pictures;
  }
}

const statsAtOnce = 64;
/** Takes half the processor time of the function in `node:fs/promises`. */
const stat = promisify(statCallback);

/** Whether a file or folder belongs to the system and not to the data. */
function isHidden(name: string): boolean {
  return /^(\.|__MACOSX$|@eaDir$|Thumbs\.db$|desktop\.ini$)/i.test(name);
}

function joined(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

async function reasonOutside(walk: Walk, entry: Dirent, path: string): Promise<string> {
  if (entry.isFile()) return 'not in a class folder';
  return (await walk.reasonAgainst(entry, path)) ?? 'not in a class folder';
}

function requireFolders(path: string, folders: number, skipped: readonly Skipped[]): void {
  if (folders > 0) return;
  const found =
    skipped.length === 0 ? 'the folder is empty' : `found ${counted(skipped.length, 'file')}, but no folders`;
  throw new RunError(
    `${oneLine(path)}: ${found}; expected a folder of pictures for each class, such as cat and dog`,
  );
}

/** Advises to use the only folder itself, if it contains folders, because the user may have given its parent. */
async function adviceForOne(walk: Walk, folders: readonly { readonly path: string }[]): Promise<string> {
  const [only, other] = folders;
  if (only === undefined || other !== undefined) return '';
  const inside = (await walk.entries(only.path)).filter((entry) => entry.isDirectory());
  return inside.length > 1
    ? `. ${oneLine(only.path)} contains ${counted(inside.length, 'folder')}; are they the classes?`
    : '';
}

function requirePictures(
  path: string,
  classes: readonly string[],
  training: readonly { readonly name: string; readonly path: string }[],
  pictures: readonly FoundPicture[],
  skipped: readonly Skipped[],
): void {
  const used = new Set(
    pictures.filter(({ part }) => part !== 'test' && part !== 'validation').map(({ label }) => label),
  );
  const empty = training.filter(({ name }) => !used.has(classes.indexOf(name)));
  const [first] = empty;
  if (first === undefined) return;
  const names = list(empty.map((folder) => folder.path));
  const unread = skipped.find((file) => empty.some((folder) => file.path.startsWith(`${folder.path}/`)));
  const reason = unread === undefined ? '' : ` that can be used (${oneLine(unread.path)}: ${unread.reason})`;
  throw new RunError(
    `${oneLine(path)}: ${empty.length === 1 ? 'the class folder' : 'the class folders'} ${names} ${empty.length === 1 ? 'contains' : 'contain'} no pictures${reason}; ` +
      `add pictures, or remove ${empty.length === 1 ? 'the folder' : 'the folders'}`,
  );
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 10).map((name) => oneLine(name));
  return enumeration(names.length > 10 ? [...shown, `${names.length - 10} more`] : shown);
}
