/**
 * Opens regular files only. Opening a FIFO for reading blocks the thread until another process writes, reading a device may
 * never end, and a link planted by another user may point to one of our own files. Therefore paths are opened without
 * blocking, and the checks apply to the open file, not to its name.
 *
 * | | symbolic link | FIFO, socket, device, folder | missing file |
 * |---|---|---|---|
 * | reading | followed, or refused with `links: 'refuse'` | refused | ENOENT |
 * | appending | refused | refused | created |
 * | creating | refused (EEXIST) | refused (EEXIST) | created |
 */
import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { errorCode } from '../errors.ts';

import type { ReadOptions } from './read-options.ts';

/** The error for a path that is not that of a suitable regular file. */
export class UnsuitableFileError extends Error {
  override readonly name = 'UnsuitableFileError';
  readonly code = 'EUNSUITABLE';
}

// Windows has neither of these flags, and no FIFOs or devices in folders.
const nonBlocking = constants.O_NONBLOCK ?? 0;
const noFollow = constants.O_NOFOLLOW ?? 0;
const readFlags = (links: ReadOptions['links']) =>
  constants.O_RDONLY | nonBlocking | (links === 'refuse' ? noFollow : 0);
const appendFlags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | nonBlocking | noFollow;

/** Opens a file for reading.
 * @throws UnsuitableFileError for anything but a regular file, or for one that is too large
 * @throws the error of the operating system, with its code */
export function openRegularFile(path: string, options: ReadOptions = {}): Promise<FileHandle> {
  return checkedFile(path, readFlags(options.links), options.maximumBytes);
}

/** Opens a file for reading at any position and for appending. Creates it if it is missing.
 * @throws UnsuitableFileError for a symbolic link, and for anything but a regular file
 * @throws the error of the operating system, with its code */
export function openForAppend(path: string): Promise<FileHandle> {
  return checkedFile(path, appendFlags, undefined);
}

async function checkedFile(
  path: string,
  flags: number,
  maximumBytes: number | undefined,
): Promise<FileHandle> {
  const file = await open(path, flags, 0o666).catch((error: unknown) => {
    throw explained(error);
  });
  try {
    requireSuitable(await file.stat(), maximumBytes);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Returns the bytes of a file. Throws as `openRegularFile` does. */
export async function readRegularFile(path: string, options: ReadOptions = {}): Promise<Buffer> {
  const file = await openRegularFile(path, options);
  try {
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Returns a descriptor for reading, which the caller closes. Throws as `openRegularFile` does. */
export function openRegularFileSync(path: string, options: ReadOptions = {}): number {
  return checkedDescriptor(path, readFlags(options.links), options.maximumBytes);
}

/** Returns the bytes of a file. Throws as `openRegularFile` does. */
export function readRegularFileSync(path: string, options: ReadOptions = {}): Buffer {
  const descriptor = openRegularFileSync(path, options);
  try {
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Returns a descriptor for reading and appending, which the caller closes. Throws as `openForAppend` does. */
export function openForAppendSync(path: string): number {
  return checkedDescriptor(path, appendFlags, undefined);
}

function checkedDescriptor(path: string, flags: number, maximumBytes: number | undefined): number {
  let descriptor: number;
  try {
    descriptor = openSync(path, flags, 0o666);
  } catch (error) {
    throw explained(error);
  }
  try {
    requireSuitable(fstatSync(descriptor), maximumBytes);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function requireSuitable(stats: Stats, maximumBytes: number | undefined): void {
  if (!stats.isFile()) throw new UnsuitableFileError(`is ${kindOf(stats)}, not a regular file`);
  if (maximumBytes !== undefined && stats.size > maximumBytes) {
    const [found, allowed] = [stats.size, maximumBytes].map((bytes) => bytes.toLocaleString('en-US'));
    throw new UnsuitableFileError(`is too large: found ${found} bytes, expected at most ${allowed}`);
  }
}

function kindOf(stats: Stats): string {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO()) return 'a FIFO';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
}

/** Replaces the errors that O_NOFOLLOW and O_NONBLOCK cause with ones that explain them. */
function explained(error: unknown): unknown {
  switch (errorCode(error)) {
    case 'ELOOP':
      return new UnsuitableFileError('is a symbolic link, not a regular file');
    case 'ENXIO':
      return new UnsuitableFileError('is a FIFO, a socket or a device, not a regular file');
    default:
      return error;
  }
}
