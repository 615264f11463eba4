/** Verifies that a file is the archive. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { openRegularFile } from '../../disk/regular-file.ts';
import { messageOf, RunError, requireRunning } from '../../errors.ts';
import type { Archive } from '../dataset.ts';
import { recognize } from './recognize.ts';

/** Requires a file to be the archive, with the same size and checksum.
 * @param advice what the user can do about a file that is not the archive
 * @throws RunError when the file is not identical to the archive
 * @throws StoppedError when `signal` is aborted */
export async function requireArchive(
  tarball: string,
  { bytes, md5 }: Archive,
  advice: string,
  signal: AbortSignal,
): Promise<void> {
  const cannotBeRead = (error: unknown) =>
    new RunError(`${tarball}: cannot be read (${messageOf(error)}). ${advice}`);
  const { size, kind } = await sizeAndKind(tarball).catch((error: unknown) => {
    throw cannotBeRead(error);
  });
  if (size !== bytes) {
    const what = kind === undefined ? '' : `: ${kind}`;
    throw new RunError(`${tarball}: found ${size} bytes, expected ${bytes}${what}. ${advice}`);
  }
  const hash = createHash('md5');
  await pipeline(createReadStream(tarball), hash, { signal }).catch((error: unknown) => {
    requireRunning(signal, `${tarball} is kept; run the same command to continue`);
    throw cannotBeRead(error);
  });
  const found = hash.digest('hex');
  if (found === md5) return;
  throw new RunError(
    `${tarball}: MD5: found ${found}, expected ${md5}; the file is damaged, or it is a different file. ${advice}`,
  );
}

async function sizeAndKind(
  path: string,
): Promise<{ readonly size: number; readonly kind: string | undefined }> {
  const file = await openRegularFile(path);
  const { size } = await file.stat().finally(() => file.close());
  return { size, kind: await recognize(path) };
}
