/** Is a file the archive that it should be? */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { messageOf, RunError, requireRunning } from '../../errors.ts';
import type { Archive } from '../dataset.ts';

/** @param advice what to do about a file that is not
 * @throws RunError when the file is not the archive, byte for byte.
 * @throws StoppedError when it was stopped meanwhile. */
export async function requireArchive(
  tarball: string,
  { bytes, md5 }: Archive,
  advice: string,
  signal: AbortSignal,
): Promise<void> {
  const size = await stat(tarball).then(
    (found) => found.size,
    (error: unknown) => {
      throw new RunError(`${tarball}: cannot be read (${messageOf(error)}). ${advice}`);
    },
  );
  if (size !== bytes) throw new RunError(`${tarball}: found ${size} bytes, expected ${bytes}. ${advice}`);
  const hash = createHash('md5');
  await pipeline(createReadStream(tarball), hash, { signal }).catch((error: unknown) => {
    requireRunning(signal, `${tarball} stays, the same command goes on`);
    throw new RunError(`${tarball}: cannot be read (${messageOf(error)}). ${advice}`);
  });
  const found = hash.digest('hex');
  if (found === md5) return;
  throw new RunError(
    `${tarball}: its MD5 is ${found}, expected ${md5}: it is damaged or another file. ${advice}`,
  );
}
