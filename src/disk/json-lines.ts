/**
 * Files with one JSON object per line, written by one process at a time. A killed writer may leave a torn last line; the next
 * append starts a new line first, and readers skip lines that are not JSON.
 */
import { closeSync, fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { errorCode } from '../errors.ts';
import { openForAppendSync, readRegularFileSync } from './regular-file.ts';

const newline = 0x0a;

/** Appends all lines or none: a write error, such as a full disk, leaves no torn line.
 * @throws the error of the operating system, or UnsuitableFileError */
export function appendLines(path: string, lines: readonly string[]): void {
  const descriptor = openForAppendSync(path);
  const { size } = fstatSync(descriptor);
  try {
    const start = size > 0 && lastByte(descriptor, size) !== newline ? '\n' : '';
    const bytes = new TextEncoder().encode(start + lines.map((line) => `${line}\n`).join(''));
    for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
  } catch (error) {
    ftruncateSync(descriptor, size);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** The lines of a file, including torn ones; none if the file does not exist.
 * @throws the error of the operating system, or UnsuitableFileError */
export function readLines(path: string): readonly string[] {
  try {
    const lines = readRegularFileSync(path, { links: 'refuse' }).toString('utf8').split('\n');
    return lines.filter((line) => line !== '');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function lastByte(descriptor: number, size: number): number | undefined {
  const byte = new Uint8Array(1);
  readSync(descriptor, byte, 0, 1, size - 1);
  return byte[0];
}
