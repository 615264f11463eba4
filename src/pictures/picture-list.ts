/**
 * Reads a list of pictures: a CSV file with the columns path, label and, optionally, split (train, val or test).
 *
 *     path,label,split            cats/1.jpg,cat
 *     cats/1.jpg,cat,train        "dogs/the big, red one.png",dog
 *     dogs/7.jpg,dog,test
 *
 * Without a header, the columns must be in this order. Paths are relative to the folder of the list.
 */
import type { Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { readRegularFile } from '../disk/regular-file.ts';
import { errorCode, messageOf, RunError } from '../errors.ts';
import { eachOf } from '../parallel.ts';
import { counted, oneLine, quoted } from '../wording.ts';
import { classesOfNames, compareNames, normalName, splitNamed, splitNames } from './class-names.ts';
import { type CsvRow, parseCsv } from './csv.ts';
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

/** @throws RunError with the line, for a row that is not valid, and when there are no 2 to 1,000 classes with pictures */
export async function readPictureList(path: string): Promise<PictureSource> {
  const file = oneLine(path);
  const listed = rowsOf(parseCsv(await textOf(path), file), file);
  const classes = classesOfNames(
    listed.map(({ label }) => label),
    file,
  );
  const skipped: Skipped[] = [];
  const pictures = await foundIn(dirname(path), listed, classes, skipped);
  requireEveryClass(file, classes, pictures, skipped);
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

function rowsOf(rows: readonly CsvRow[], file: string): readonly Listed[] {
  const [first] = rows;
  if (first === undefined) throw new RunError(`${file}: the list is empty; expected rows of path,label`);
  const header = columnsOf(first.fields);
  const columns = header ?? { path: 0, label: 1, split: first.fields.length > 2 ? 2 : -1 };
  const listed = (header === undefined ? rows : rows.slice(1)).map((row) =>
    listedAt(row, columns, header === undefined ? undefined : first.fields.length, file),
  );
  return withoutRepeats(listed, file);
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
  const stats = await eachOf(listed, statsAtOnce, ({ path }) => stat(resolve(folder, path)).catch(reasonOf));
  const pictures: FoundPicture[] = [];
  for (const [index, { path, label, part }] of listed.entries()) {
    const found: Stats | string = stats[index] ?? '';
    if (typeof found === 'string') skipped.push({ path, reason: found });
    else if (!found.isFile()) skipped.push({ path, reason: 'not a regular file' });
    else
      pictures.push({
        ...{ path, label: labels.get(label) ?? 0, part },
        ...{ size: found.size, modified: found.mtimeMs },
      });
  }
  return pictures;
}

const statsAtOnce = 64;

function reasonOf(error: unknown): string {
  return errorCode(error) === 'ENOENT' ? 'does not exist' : `cannot be read (${oneLine(messageOf(error))})`;
}

function requireEveryClass(
  file: string,
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
  if (empty !== undefined)
    throw new RunError(
      `${file}: no picture of the class ${quoted(empty)} exists; correct its paths, or remove its rows`,
    );
}
