/** The files of a data set, written whole or not at all. */
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { RunError } from '../errors.ts';
import { asideName } from './data-folder.ts';
import { classNamesFile, type DatasetDescription, type DatasetFile } from './dataset.ts';
import { folderOf, missingFiles, replaceAdvice } from './files.ts';
import { recordBytes } from './record.ts';

/** The bytes of `batches.meta.txt`: a class name a line and, as in CIFAR-10's own, an empty line at the end. */
export function classNamesText({ classes }: DatasetDescription): string {
  return `${classes.join('\n')}\n\n`;
}

/**
 * Writes a data set's folder, class names included. The files are written aside and the folder is renamed into
 * place when all are on the disk, so that a folder of that name is a whole one.
 * @param bytesOf gives each file's records; it is asked once a file, in order.
 * @returns the folder.
 * @throws RunError when the folder is there already and lacks files. (A whole one, which another process may have
 * finished first, is left as it is.)
 */
export async function writeDataset(
  dataDir: string,
  dataset: DatasetDescription,
  bytesOf: (file: DatasetFile) => Uint8Array | Promise<Uint8Array>,
): Promise<string> {
  const folder = folderOf(dataDir, dataset);
  const aside = join(dataDir, asideName(dataset, randomBytes(4).toString('hex')));
  try {
    await mkdir(aside, { recursive: true });
    for (const file of dataset.files) await writeDataFile(aside, file, await bytesOf(file));
    await writeFile(join(aside, classNamesFile), classNamesText(dataset), { flush: true });
    await rename(aside, folder);
  } catch (error) {
    await rm(aside, { recursive: true, force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    await requireWhole(dataDir, dataset);
  }
  return folder;
}

async function writeDataFile(
  folder: string,
  { name, records }: DatasetFile,
  bytes: Uint8Array,
): Promise<void> {
  if (bytes.length !== records * recordBytes)
    throw new RangeError(
      `${name}: ${records} records need ${records * recordBytes} bytes, there are ${bytes.length}`,
    );
  await writeFile(join(folder, name), bytes, { flush: true });
}

/** @throws RunError when files are missing in the folder. */
export async function requireWhole(dataDir: string, dataset: DatasetDescription): Promise<void> {
  const missing = await missingFiles(dataDir, dataset);
  if (missing.length === 0) return;
  const names = missing.map((path) => basename(path)).join(', ');
  throw new RunError(
    `${folderOf(dataDir, dataset)}: the folder is there but lacks ${names}. ${replaceAdvice(dataDir, dataset)}`,
  );
}
