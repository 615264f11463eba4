/** Writes the files of a data set: all of them or none. */
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RunError } from '../errors.ts';
import { partialName } from './data-folder.ts';
import { classesOf, type DatasetDescription, type DatasetFile } from './dataset.ts';
import { folderOf, missingFiles, replaceAdvice } from './files.ts';
import { recordBytes } from './record.ts';

/** Returns the contents of a file of class names, such as `batches.meta.txt`: one name per line, and an empty line at the end
 * as in the file of CIFAR-10. */
export function classNamesText(classes: readonly string[]): string {
  return `${classes.join('\n')}\n\n`;
}

/**
 * Writes the folder of a data set, including the class names. The files are written to a temporary folder, which gets its final
 * name when all of them are on disk, so that a folder with that name is always complete.
 * @param bytesOf returns the records of a file; called once per file, in order
 * @returns the folder
 * @throws RunError when the folder exists and lacks files. (A complete folder, which another process may have finished
 * first, is left unchanged.)
 */
export async function writeDataset(
  dataDir: string,
  dataset: DatasetDescription,
  bytesOf: (file: DatasetFile) => Uint8Array | Promise<Uint8Array>,
): Promise<string> {
  const folder = folderOf(dataDir, dataset);
  const partial = join(dataDir, partialName(dataset, randomBytes(4).toString('hex')));
  try {
    await mkdir(partial, { recursive: true });
    for (const file of dataset.files) await writeDataFile(partial, dataset, file, await bytesOf(file));
    for (const field of dataset.record.labels) {
      const text = classNamesText(classesOf(dataset, field));
      await writeFile(join(partial, field.namesFile), text, { flush: true });
    }
    await rename(partial, folder);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    await requireComplete(dataDir, dataset);
  }
  return folder;
}

async function writeDataFile(
  folder: string,
  { record }: DatasetDescription,
  { name, records }: DatasetFile,
  bytes: Uint8Array,
): Promise<void> {
  const expected = records * recordBytes(record);
  if (bytes.length !== expected)
    throw new RangeError(`${name}: ${records} records need ${expected} bytes, found ${bytes.length}`);
  await writeFile(join(folder, name), bytes, { flush: true });
}

/** Requires the folder of a data set to have all files.
 * @throws RunError when files are missing */
export async function requireComplete(dataDir: string, dataset: DatasetDescription): Promise<void> {
  const missing = await missingFiles(dataDir, dataset);
  if (missing.length === 0) return;
  const names = missing.map((path) => basename(path)).join(', ');
  throw new RunError(
    `${folderOf(dataDir, dataset)}: the folder exists but lacks ${names}. ${replaceAdvice(dataDir, dataset)}`,
  );
}
