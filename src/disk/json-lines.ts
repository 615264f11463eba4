/**
 * Files with one JSON object per line, written by one process at a time. A killed writer may leave an incomplete last line.
 * The next append then starts a new line first, and readers skip lines that are not JSON.
 */
import { closeSync, fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { errorCode } from '../errors.ts';
import { openForAppend, openForAppendSync, readRegularFile, readRegularFileSync } from './regular-file.ts';

const newline = 0x0a;

/** Appends all lines or none. A write error, such as a full disk, leaves no incomplete line.
 * @throws the error of the operating system, or UnsuitableFileError */
export async function appendLines(path: string, lines: readonly string[]): Promise<void> {
  const file = await openForAppend(path);
  const { size } = await file.stat();
  try {
    const last = new Uint8Array(1);
    if (size > 0) await file.read(last, 0, 1, size - 1);
    await file.appendFile(textOf(lines, size, last));
  } catch (error) {
    await file.truncate(size);
    throw error;
  } finally {
    await file.close();
  }
}

/** Does what `appendLines` does, synchronously, for threads that may block. */
export function appendLinesSync(path: string, lines: readonly string[]): void {
  const descriptor = openForAppendSync(path);
  const { size } = fstatSync(descriptor);
  try {
    const last = new Uint8Array(1);
    if (size > 0) readSync(descriptor, last, 0, 1, size - 1);
    const bytes = new TextEncoder().encode(textOf(lines, size, last));
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
  } catch (error) {
    ftruncateSync(descriptor, size);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** @param last the last byte of the file */
function textOf(lines: readonly string[], size: number, [last]: Uint8Array): string {
  const start = size > 0 && last !== newline ? '\n' : '';
  return start + lines.map((line) => `${line}\n`).join('');
}

/** Returns the lines of a file, including incomplete ones, or an empty list if the file does not exist.
 * @throws the error of the operating system, or UnsuitableFileError */
export async function readLines(path: string): Promise<readonly string[]> {
  return linesOf(await readRegularFile(path, { links: 'refuse' }).catch(noneIfMissing));
}

/** Does what `readLines` does, synchronously, for threads that may block. */
export function readLinesSync(path: string): readonly string[] {
  try {
    return linesOf(readRegularFileSync(path, { links: 'refuse' }));
  } catch (error) {
    return linesOf(noneIfMissing(error));
  }
}

function linesOf(bytes: Buffer): readonly string[] {
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
}

/** Returns the fields of the JSON object in a line, or no fields if the line contains anything else. */
export function fieldsOfLine(line: string): Readonly<Record<string, unknown>> {
  if (line === '') return {};
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

function noneIfMissing(error: unknown): Buffer {
  if (errorCode(error) === 'ENOENT') return Buffer.alloc(0);
  throw error;
}
