/** Recognizes a data folder that is one level too high or too low, and unsupported versions of CIFAR, before
 * anything is downloaded. */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { RunError } from '../errors.ts';
import type { DatasetDescription } from './dataset.ts';
import { datasets } from './datasets.ts';
import { makeCommand } from './files.ts';

/** An archive in a format that is not supported. */
const otherFormat = /cifar.*\.(zip|7z|rar|tar|tar\.bz2|tar\.xz)$/i;

/** The name of a picture file. */
const picture = /\.(jpe?g|png|webp|avif|gif|tiff?)$/i;

/** The name of a folder into which pictures were imported (`picturesFolder`). */
const imported = /^pictures-\d+(x\d+)?$/;

/** Recognizes what a folder contains instead of the data set. Returns the name in the folder that reveals it, and a description
 * of the contents, or undefined if nothing is recognized. */
function insteadOf(
  dataset: DatasetDescription,
  names: readonly string[],
): readonly [string, string] | undefined {
  for (const { title, folder, archive, files } of dataset.otherVersions ?? []) {
    const found = [folder, archive].find((name) => names.includes(name));
    if (found !== undefined) return [found, title];
    if (files.every((name) => names.includes(name))) return [files.at(-1) ?? folder, title];
  }
  const unsupported = names.find((name) => otherFormat.test(name));
  return unsupported === undefined ? undefined : [unsupported, 'an archive in an unsupported format'];
}

/** Returns the other data set to which this folder belongs, recognized by the name of the folder or the files in it. */
function ownerOf(
  dataDir: string,
  names: readonly string[],
  dataset: DatasetDescription,
): DatasetDescription | undefined {
  const folder = basename(resolve(dataDir));
  const others = Object.values(datasets).filter(({ name }) => name !== dataset.name);
  const hasFiles = ({ files }: DatasetDescription) => files.every((file) => names.includes(file.name));
  return (
    others.find((other) => other.folder === folder) ?? (hasFiles(dataset) ? undefined : others.find(hasFiles))
  );
}

/** Checks that the data set was not put in a wrong folder.
 * @throws RunError when the data set is one folder higher or lower, or the folder contains another version of the data set. An
 * empty folder is not an error, because the data set can be downloaded */
export async function requireNotMisplaced(dataDir: string, dataset: DatasetDescription): Promise<void> {
  const names = await namesIn(dataDir);
  if (names.includes(dataset.folder)) return;
  const other = ownerOf(dataDir, names, dataset);
  if (other !== undefined)
    throw new RunError(
      `${dataDir} is the folder of ${other.title}; to use it, set \`dataset: ${other.name}\` and ` +
        `\`dataDir: ${dirname(resolve(dataDir))}\``,
    );
  const [firstFile] = dataset.files;
  if (firstFile !== undefined && names.includes(firstFile.name)) {
    const parent = basename(resolve(dataDir)) === dataset.folder ? dirname(resolve(dataDir)) : undefined;
    throw new RunError(
      parent === undefined
        ? `${dataDir} contains the files of ${dataset.title} directly; move them to a folder ${dataset.folder} in it`
        : `${dataDir} is the folder of ${dataset.title} itself; use its parent: \`dataDir: ${parent}\``,
    );
  }
  for (const name of names.slice(0, 1000)) {
    if (!(await namesIn(join(dataDir, name))).includes(dataset.folder)) continue;
    throw new RunError(`${dataset.title} is in a subfolder; use \`dataDir: ${join(dataDir, name)}\``);
  }
  if (await holdsPictures(dataDir, names))
    throw new RunError(
      `${dataDir} contains pictures, and not ${dataset.title}; to use these pictures, set \`data: ${dataDir}\` ` +
        'instead of `dataDir`',
    );
  const [found, what] = insteadOf(dataset, names) ?? [];
  if (found !== undefined && dataset.archive !== undefined)
    throw new RunError(
      `${join(dataDir, found)}: found ${what}, expected the binary version of ${dataset.title} ` +
        `(${dataset.archive.name}). To download it: ${makeCommand(dataDir, dataset)}`,
    );
}

/** Whether a folder contains imported pictures, or pictures in class folders, which may be in folders such as `train`. */
async function holdsPictures(dir: string, names: readonly string[], depth = 2): Promise<boolean> {
  if (names.some((name) => imported.test(name))) return true;
  for (const name of names.slice(0, 20)) {
    const inside = await namesIn(join(dir, name));
    if (inside.some((file) => picture.test(file))) return true;
    if (depth > 1 && (await holdsPictures(join(dir, name), inside, depth - 1))) return true;
  }
  return false;
}

async function namesIn(dir: string): Promise<readonly string[]> {
  return readdir(dir).catch(() => []);
}
