/** Reads and verifies the files of a data set before the first example is used. */

import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { aChoice, aSignal, aText } from '../arguments.ts';
import { command } from '../command.ts';
import { exists } from '../disk/exists.ts';
import { openRegularFile } from '../disk/regular-file.ts';
import { shellWord } from '../disk/shell-word.ts';
import { errorCode, messageOf, RunError, requireRunning } from '../errors.ts';
import {
  aDataset,
  classesOf,
  type DatasetDescription,
  type DatasetFile,
  examplesIn,
  filesOf,
  type Split,
  splits,
} from './dataset.ts';
import { datasets, defaultDataset } from './datasets.ts';
import type { Examples } from './examples.ts';
import { picturesName } from './pictures.ts';
import { labelOffset, readLabel, recordBytes } from './record.ts';

export function folderOf(dataDir: string, dataset: DatasetDescription): string {
  return join(dataDir, dataset.folder);
}

/** Returns the paths of those files of the data set that do not exist, in order. */
export async function missingFiles(dataDir: string, dataset: DatasetDescription): Promise<readonly string[]> {
  const paths = dataset.files.map(({ name }) => join(folderOf(dataDir, dataset), name));
  const found = await Promise.all(paths.map(exists));
  return paths.filter((_, index) => !found[index]);
}

/** Returns the command that generates or downloads the data set. */
export function makeCommand(dataDir: string, { name }: DatasetDescription): string {
  const dataset = name === defaultDataset ? '' : ` --dataset ${name}`;
  return command(`download${dataset} --data-dir ${shellWord(dataDir)}`);
}

/** Whether the program can download or generate the data set. */
export function canBeMade({ archive, isDrawn = false }: DatasetDescription): boolean {
  return archive !== undefined || isDrawn;
}

/** Returns advice for a data set whose folder is missing. */
export function getAdvice(dataDir: string, dataset: DatasetDescription): string {
  return canBeMade(dataset)
    ? `To get ${dataset.title}, run "${makeCommand(dataDir, dataset)}".`
    : `${dataset.title} cannot be downloaded. Copy its files to ${folderOf(dataDir, dataset)}.`;
}

/** Returns advice for an incomplete folder. The program itself never changes such a folder, because it belongs to the user. */
export function replaceAdvice(dataDir: string, dataset: DatasetDescription): string {
  if (dataset.name === picturesName)
    return `Delete ${folderOf(dataDir, dataset)} to import the pictures again.`;
  if (!canBeMade(dataset)) return `Copy its files to ${folderOf(dataDir, dataset)}.`;
  return `Move ${folderOf(dataDir, dataset)} aside and run "${makeCommand(dataDir, dataset)}".`;
}

function damaged(dataDir: string, dataset: DatasetDescription, path: string, what: string): RunError {
  return new RunError(`${path}: ${what} The file is damaged. ${replaceAdvice(dataDir, dataset)}`, {
    code: 'CIFAR10_DATA_DAMAGED',
    data: { dataset: dataset.name, path },
  });
}

async function openDataFile(path: string, dataDir: string, dataset: DatasetDescription): Promise<FileHandle> {
  try {
    return await openRegularFile(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT')
      throw new RunError(`${path}: cannot be read (${messageOf(error)}).`, { cause: error });
    const advice = (await exists(folderOf(dataDir, dataset)))
      ? replaceAdvice(dataDir, dataset)
      : getAdvice(dataDir, dataset);
    throw new RunError(`Failed to find file: ${path}. ${advice}`, {
      ...({ code: 'CIFAR10_DATA_MISSING', data: { dataset: dataset.name, path } } as const),
      cause: error,
    });
  }
}

/** Fills `target` from the start of the file.
 * @returns the number of bytes read, which is less than the size of `target` only if the file is shorter */
async function readFully(file: FileHandle, target: Uint8Array): Promise<number> {
  let filled = 0;
  while (filled < target.length) {
    const { bytesRead } = await file.read(target, filled, target.length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}

/** Says to which other data set a file of this size may belong, judged by the size of the records. Returns an empty text if
 * the file may belong to this data set, or to no known one. */
function otherRecords(bytes: number, { record }: DatasetDescription): string {
  if (bytes === 0 || bytes % recordBytes(record) === 0) return '';
  const other = Object.values(datasets).find((one) => bytes % recordBytes(one.record) === 0);
  if (other === undefined) return '';
  return ` These are ${count(bytes / recordBytes(other.record))} records of ${other.title}.`;
}

/** Returns a sentence that says which record of a file is cut short, or an empty text if none is. */
function endOf(bytes: number, ofRecord: number): string {
  const whole = Math.floor(bytes / ofRecord);
  return bytes % ofRecord === 0 ? '' : ` Record ${count(whole)} is cut short.`;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

/** Reads one file into its part of the records, and checks its size and every label. */
async function readDataFile(
  dataDir: string,
  dataset: DatasetDescription,
  { name, records, sha256 }: DatasetFile,
  target: Uint8Array,
): Promise<void> {
  const path = join(folderOf(dataDir, dataset), name);
  const file = await openDataFile(path, dataDir, dataset);
  try {
    // The size is checked first, because it reveals files of other data sets without reading them.
    const { size } = await file.stat();
    const read = size === target.length ? await readFully(file, target) : size;
    if (read !== target.length) {
      const ofRecord = recordBytes(dataset.record);
      const expected = `expected ${count(target.length)} (${count(records)} records of ${count(ofRecord)})`;
      const why = otherRecords(read, dataset) || (read < target.length ? endOf(read, ofRecord) : '');
      throw damaged(dataDir, dataset, path, `found ${count(read)} bytes, ${expected}.${why}`);
    }
  } finally {
    await file.close();
  }
  if (sha256 !== undefined && sha256Of(target) !== sha256)
    throw damaged(dataDir, dataset, path, 'its contents differ from what was written.');
  const wrong = wrongLabel(dataset, target);
  if (wrong !== undefined) throw damaged(dataDir, dataset, path, wrong);
}

/** Describes the first label to which no class belongs. Returns undefined if there is none. All labels of all records are
 * checked. */
function wrongLabel(dataset: DatasetDescription, records: Uint8Array): string | undefined {
  const { record } = dataset;
  const ofRecord = recordBytes(record);
  const fields = record.labels.map((field) => ({
    name: record.labels.length === 1 ? 'label' : `${field.name} label`,
    bytes: field.bytes,
    offset: labelOffset(record, field.name),
    most: classesOf(dataset, field).length - 1,
  }));
  for (let start = 0; start < records.length; start += ofRecord) {
    for (const { name, bytes, offset, most } of fields) {
      const label = readLabel(records, start + offset, bytes);
      if (label > most) return `record ${start / ofRecord} has ${name} ${label}, expected 0 to ${most}.`;
    }
  }
  return undefined;
}

/**
 * Reads all examples of a split into memory. (The training examples of CIFAR-10 take 154 MB.)
 * @throws UsageError for an unsuitable argument
 * @throws RunError when a file is missing, has the wrong size, or contains a label to which no class belongs
 * @throws StoppedError when `signal` is aborted
 */
export async function loadExamples(
  dataDir: string,
  dataset: DatasetDescription,
  split: Split,
  signal?: AbortSignal,
): Promise<Examples> {
  aText('dataDir', dataDir);
  aDataset('dataset', dataset);
  aChoice(splits)('split', split);
  if (signal !== undefined) aSignal('signal', signal);
  const total = examplesIn(dataset, split);
  const ofRecord = recordBytes(dataset.record);
  const records = new Uint8Array(new SharedArrayBuffer(total * ofRecord));
  let start = 0;
  for (const file of filesOf(dataset, split)) {
    requireRunning(signal);
    const end = start + file.records * ofRecord;
    await readDataFile(dataDir, dataset, file, records.subarray(start, end));
    start = end;
  }
  return { dataset, split, count: total, records, keyOf: keysOf(folderOf(dataDir, dataset), dataset, split) };
}

function keysOf(folder: string, dataset: DatasetDescription, split: Split): (index: number) => string {
  return (index) => {
    let first = 0;
    for (const { name, records } of filesOf(dataset, split)) {
      if (index >= first && index < first + records) return `${join(folder, name)}:${index - first}`;
      first += records;
    }
    throw new RangeError(
      `${dataset.name} has ${first} ${split} examples, but example ${index} was requested`,
    );
  };
}

/** Returns the SHA-256 checksum of the records, in order, in hexadecimal. It identifies a split, whichever folder it is in. */
export function checksum({ records }: Pick<Examples, 'records'>): string {
  return sha256Of(records);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
