/**
 * Files of one JSON object a line, written by one process at a time. A killed writer leaves a torn last line: the next
 * append starts a new line first, so that nothing is glued to it, and readers skip what is not JSON.
 */
import { closeSync, fstatSync, ftruncateSync, readSync, writeSync } from 'node:fs';
import { errorCode } from '../errors.ts';
import { openForAppendSync, readRegularFileSync } from './regular-file.ts';

const newline = 0x0a;

/** Appends whole lines, or leaves the file as it is: no line is torn by a disk that is full for a while.
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

/** The lines of a file, torn ones included; none for a file that does not exist.
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
