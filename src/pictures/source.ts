/** Finds pictures and their classes: in class folders, or in a list. */
import { realpath, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { RunError } from '../errors.ts';
import { oneLine } from '../wording.ts';
import { readClassFolders } from './class-folders.ts';
import type { FileStamp } from './file-stamp.ts';
import { readPictureList } from './picture-list.ts';
import { readErrorText } from './read-error.ts';

/** The part of the data that a picture belongs to, if the source says so. */
export type Part = 'train' | 'validation' | 'test';

/** A picture that was found, but not read yet. */
export interface FoundPicture extends FileStamp {
  /** The path relative to the source, with slashes, or an absolute path. */
  readonly path: string;
  /** The index of its class. */
  readonly label: number;
  readonly part: Part | undefined;
}

/** A file that is not used. */
export interface Skipped {
  /** As in `FoundPicture`. */
  readonly path: string;
  readonly reason: string;
}

export interface PictureSource {
  /** The absolute path of the folder or the list. */
  readonly path: string;
  /** Whether it is a folder, and not a list. */
  readonly isFolder: boolean;
  /** The folder that relative paths start from. */
  readonly root: string;
  /** The names of the classes, in order. */
  readonly classes: readonly string[];
  /** Sorted by path. */
  readonly pictures: readonly FoundPicture[];
  readonly skipped: readonly Skipped[];
}

/** Lists the pictures of a folder of class folders, or of a CSV file. Reads no picture.
 * @throws RunError when the source is missing, cannot be read, or has no 2 to 1,000 classes with pictures */
export async function findPictures(source: string): Promise<PictureSource> {
  const path = resolve(source);
  const found = await stat(path).catch((error: unknown) => {
    const reason = readErrorText(error, path);
    const advice = reason === 'does not exist' ? `; expected ${expected}` : '';
    throw new RunError(`${oneLine(source)}: ${reason}${advice}`, { cause: error });
  });
  if (found.isDirectory()) return readClassFolders(path, await realpath(path));
  if (found.isFile()) return readPictureList(path);
  throw new RunError(`${oneLine(source)}: found neither a folder nor a file, expected ${expected}`);
}

const expected =
  'a folder with a folder of pictures for each class, or a CSV file with the columns path and label';
