/**
 * Reads a list of pictures: a CSV file with the columns path, label and, optionally, split (train, val or test).
 *
 *     path,label,split            cats/1.jpg,cat
 *     cats/1.jpg,cat,train        "dogs/the big, red one.png",dog
 *     dogs/7.jpg,dog,test
 *
 * Without a header, the columns must be in this order. Paths are relative to the folder of the list. Backslashes in them separate
 * folders, as on Windows, unless a file has such a name.
 */
import type { Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, relative, resolve, sep } from 'node:path';
import { isInside } from '../disk/inside.ts';
import { readRegularFile } from '../disk/regular-file.ts';
import { messageOf, RunError } from '../errors.ts';
import { eachOf } from '../parallel.ts';
import { counted, oneLine, quoted } from '../wording.ts';
import { classesOfNames, compareNames, normalName, splitNamed, splitNames } from './class-names.ts';
import { type CsvRow, parseCsv } from './csv.ts';
import { stampOf } from './file-stamp.ts';
import { readErrorText } from './read-error.ts';
import type { FoundPicture, Part, PictureSource, Skipped } from './source.ts';

/** The size of the largest list, which is enough for millions of pictures. */
const mostBytes = 1 << 28;

/** The columns, with the names that a header may give them. */
const columnNames = {
  path: ['path', 'file', 'filename', 'file_name', 'filepath', 'file_path', 'image', 'image_path', 'picture'],
  label: ['label', 'class', 'class_name', 'category'],
  split: ['split', 'set', 'subset', 'part'],
} as const;
type Columns = { readonly [Name in keyof typeof columnNames]: number };

/** A row of the list. */
interface Listed {
  readonly line: number;
  readonly path: string;
  readonly label: string;
  readonly part: Part | undefined;
}

/** The rows of a list, in which every path occurs once. */
interface List {
  readonly file: string;
  readonly hasHeader: boolean;
  readonly rows: readonly Listed[];
}

/** @throws RunError with the line, for a row that is not valid, and when there are no 2 to 1,000 classes with pictures */
export async function readPictureList(path: string): Promise<PictureSource> {
  const file = oneLine(path);
  const list = listOf(parseCsv(await textOf(path), file), file, dirname(path));
  const classes = classesOfNames(
    list.rows.map(({ label }) => label),
    file,
  );
  const skipped: Skipped[] = [];
  const pictures = await foundIn(dirname(path), list.rows, classes, skipped);
  requireEveryClass(list, classes, pictures, skipped);
  return {
    path,
    isFolder: false,
    root: await realpath(dirname(path)),
    classes,
    pictures: pictures.toSorted((a, b) => compareNames(a.path, b.path)),
    skipped,
  };
}

async function textOf(path: string): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await readRegularFile(path, { maximumBytes: mostBytes });
  } catch (error) {
    throw new RunError(`${oneLine(path)}: cannot be read (${oneLine(messageOf(error))})`, { cause: error });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new RunError(
      `${oneLine(path)}: the list is not UTF-8 text; expected a folder of class folders, or a CSV file with the columns path and label`,
      { cause: error },
    );
  }
}

/** @throws RunError for a list without pictures, and for a row that is not valid */
function listOf(rows: readonly CsvRow[], file: string, folder: string): List {
  const [first, second] = rows;
  if (first === undefined) throw new RunError(`${file}: the list is empty; expected rows of path,label`);
  const header = columnsOf(first.fields);
  if (header !== undefined && second === undefined)
    throw new RunError(`${file}: found a header, but no pictures; expected rows of path,label`);
  const columns = header ?? { path: 0, label: 1, split: first.fields.length > 2 ? 2 : -1 };
  const listed = (header === undefined ? rows : rows.slice(1)).map((row) =>
    listedAt(row, columns, header === undefined ? undefined : first.fields.length, file),
  );
  const plain = listed.map((row) => ({ ...row, path: plainPath(folder, row.path) }));
  return { file, hasHeader: header !== undefined, rows: withoutRepeats(plain, file) };
}

/** Returns the columns that a header names, or undefined if the row is not a header. */
function columnsOf(fields: readonly string[]): Columns | undefined {
  const names = fields.map((field) => field.trim().toLowerCase());
  const indexOf = (column: keyof Columns) => {
    const known = new Set<string>(columnNames[column]);
    return names.findIndex((name) => known.has(name));
  };
  const [path, label, split] = [indexOf('path'), indexOf('label'), indexOf('split')];
  return path === -1 || label === -1 ? undefined : { path, label, split };
}

function listedAt(
  { line, fields }: CsvRow,
  columns: Columns,
  width: number | undefined,
  file: string,
): Listed {
  const most = width ?? 3;
  if (fields.length < Math.max(columns.path, columns.label) + 1 || fields.length > most) {
    const expected = width === undefined ? 'path,label or path,label,split' : counted(width, 'column');
    throw new RunError(
      `${file}:${line}: found ${counted(fields.length, 'column')}, expected ${expected}${fields.length > most ? '; quote fields that contain the separator' : ''}`,
    );
  }
  const [path = '', label = '', split = ''] = [columns.path, columns.label, columns.split].map((at) =>
    fields[at]?.trim(),
  );
  for (const [name, value] of [
    ['path', path],
    ['label', label],
  ] as const)
    if (value === '') throw new RunError(`${file}:${line}: the ${name} is empty`);
  const part = splitNamed(split);
  if (split !== '' && part === undefined)
    throw new RunError(`${file}:${line}: the split is ${quoted(split)}, expected ${splitNames}`);
  return { line, path, label: normalName(label), part };
}

/** Returns the shortest form of a path, because otherwise a list could name a file twice: as `cat.jpg` and as `./cat.jpg`. */
function plainPath(folder: string, path: string): string {
  const absolute = resolve(folder, path);
  if (isAbsolute(path) && !isInside(folder, absolute)) return absolute;
  return relative(folder, absolute).split(sep).join('/');
}

/** @throws RunError for a picture with two labels or splits. One that is listed twice is used once. */
function withoutRepeats(listed: readonly Listed[], file: string): readonly Listed[] {
  const byPath = new Map<string, Listed>();
  for (const row of listed) {
    const before = byPath.get(row.path);
    if (before !== undefined && (before.label !== row.label || before.part !== row.part))
      throw new RunError(
        `${file}:${row.line}: ${quoted(row.path)} is ${quoted(row.label)}${inPart(row)}, but on line ${before.line} it is ${quoted(before.label)}${inPart(before)}`,
      );
    byPath.set(row.path, row);
  }
  return [...byPath.values()];
}

function inPart({ part }: Listed): string {
  return part === undefined ? '' : ` in ${part}`;
}

async function foundIn(
  folder: string,
  listed: readonly Listed[],
  classes: readonly string[],
  skipped: Skipped[],
): Promise<readonly FoundPicture[]> {
  const labels = new Map(classes.map((name, label) => [name, label]));
  const files = await eachOf(listed, statsAtOnce, ({ path }) => fileAt(folder, path));
  const pictures: FoundPicture[] = [];
  for (const [index, { label, part }] of listed.entries()) {
    const { path, found } = files[index] as FileAt;
    if (typeof found === 'string') skipped.push({ path, reason: found });
    else if (!found.isFile()) skipped.push({ path, reason: 'not a regular file' });
    else pictures.push({ path, label: labels.get(label) ?? 0, part, ...stampOf(found) });
  }
  return pictures;
}

/** A path, and the file to which it leads, or the reason why it cannot be used. */
interface FileAt {
  readonly path: string;
  readonly found: Stats | string;
}

/** Finds a file whose path may have been written on Windows. */
async function fileAt(folder: string, path: string): Promise<FileAt> {
  const statOf = (name: string) =>
    stat(resolve(folder, name)).catch((error: unknown) => readErrorText(error, name));
  const found = await statOf(path);
  if (typeof found !== 'string' || !path.includes('\\')) return { path, found };
  const slashed = path.replaceAll('\\', '/');
  const other = await statOf(slashed);
  return typeof other === 'string' ? { path, found } : { path: slashed, found: other };
}

const statsAtOnce = 64;

/** @throws RunError when a class has no picture, or none to train on */
function requireEveryClass(
  { file, hasHeader, rows }: List,
  classes: readonly string[],
  pictures: readonly FoundPicture[],
  skipped: readonly Skipped[],
): void {
  const [missing] = skipped;
  if (pictures.length === 0 && missing !== undefined)
    throw new RunError(
      `${file}: none of its ${counted(skipped.length, 'file')} can be read; the first is ${quoted(missing.path)}, which ${missing.reason}. ` +
        'Paths are relative to the folder of the list',
    );
  const used = new Set(pictures.map(({ label }) => label));
  const empty = classes.find((_, label) => !used.has(label));
  if (empty !== undefined) {
    const isFirstRow = !hasHeader && rows.every(({ label }, row) => (label === empty) === (row === 0));
    throw new RunError(
      `${file}: no picture of the class ${quoted(empty)} exists; correct its paths, or remove its rows` +
        (isFirstRow ? `. If the first row is a header, its columns must be called path and label` : ''),
    );
  }
  const trained = new Set(pictures.flatMap(({ label, part = 'train' }) => (part === 'train' ? [label] : [])));
  const untrained = classes.find((_, label) => !trained.has(label));
  if (untrained !== undefined)
    throw new RunError(
      `${file}: the class ${quoted(untrained)} has no training picture; give some of its rows the split train`,
    );
}
