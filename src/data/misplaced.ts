/** Recognises a data folder one level off, and unsupported versions of CIFAR, before anything is downloaded. */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { command } from '../command.ts';
import { shellWord } from '../disk/shell-word.ts';
import { RunError } from '../errors.ts';
import type { DatasetDescription } from './dataset.ts';

/** A version that is not supported. */
interface OtherVersion {
  /** Returns the name in the folder that gives it away, or undefined. */
  readonly is: (names: readonly string[]) => string | undefined;
  readonly what: string;
}

const matching = (pattern: RegExp) => (names: readonly string[]) => names.find((name) => pattern.test(name));

const otherVersions: readonly OtherVersion[] = [
  {
    is: (names) =>
      matching(/^cifar-10-(batches-py|python\.tar\.gz)$/)(names) ??
      (names.includes('batches.meta') && names.includes('data_batch_1') ? 'data_batch_1' : undefined),
    what: 'the Python version of CIFAR-10',
  },
  {
    is: matching(/^(cifar-10-batches-mat|cifar-10-matlab\.tar\.gz|data_batch_1\.mat)$/),
    what: 'the Matlab version of CIFAR-10',
  },
  {
    is: (names) =>
      matching(/^cifar-100-/)(names) ??
      (names.includes('fine_label_names.txt') ? 'fine_label_names.txt' : undefined),
    what: 'CIFAR-100',
  },
  {
    is: matching(/cifar.*\.(zip|7z|rar|tar|tar\.bz2|tar\.xz)$/i),
    what: 'an archive in an unsupported format',
  },
];

/** @throws RunError when the data set is one folder up or down, or another version of it is there. An empty folder is not an
 * error: the data set can be downloaded. */
export async function requireNotMisplaced(dataDir: string, dataset: DatasetDescription): Promise<void> {
  const names = await namesIn(dataDir);
  if (names.includes(dataset.folder)) return;
  const [firstFile] = dataset.files;
  if (firstFile !== undefined && names.includes(firstFile.name)) {
    const parent = basename(resolve(dataDir)) === dataset.folder ? dirname(resolve(dataDir)) : undefined;
    throw new RunError(
      parent === undefined
        ? `${dataDir} contains the files of ${dataset.title} directly; move them to a folder ${dataset.folder} in it`
        : `${dataDir} is the folder of ${dataset.title} itself; give its parent: \`dataDir: ${parent}\``,
    );
  }
  for (const name of names.slice(0, 1000)) {
    if (!(await namesIn(join(dataDir, name))).includes(dataset.folder)) continue;
    throw new RunError(`${dataset.title} is one folder further down: \`dataDir: ${join(dataDir, name)}\``);
  }
  for (const { is, what } of otherVersions) {
    const found = is(names);
    if (found !== undefined && dataset.archive !== undefined)
      throw new RunError(
        `${join(dataDir, found)}: this is ${what}; the binary version of ${dataset.title} is needed ` +
          `(${dataset.archive.name}). To fetch it: ${command(`download --data-dir ${shellWord(dataDir)}`)}`,
      );
  }
}

async function namesIn(dir: string): Promise<readonly string[]> {
  return readdir(dir).catch(() => []);
}
