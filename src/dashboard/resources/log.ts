/** `RUN/log.txt`: the end of what a training command printed. */
import { openRegularFile } from '../../disk/regular-file.ts';
import { logFileName } from '../../run/run-log.ts';
import type { Resource } from '../resource.ts';

/** Viewers of a run that trains fetch it again and again. */
const mostBytes = 256 << 10;
const newline = 0x0a;

export const logResource: Resource = {
  pattern: 'RUN/log.txt',
  type: 'text/plain; charset=utf-8',
  list: async ({ known }) => (known.run.found.files.has(logFileName) ? [''] : []),
  make: async ({ known }) => {
    const found = known.run.found.files.get(logFileName);
    return found && endOf(found.path);
  },
};

/** Returns the last lines of a file. */
async function endOf(path: string): Promise<Uint8Array | undefined> {
  const file = await openRegularFile(path, { links: 'refuse' }).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - mostBytes);
    const { buffer, bytesRead } = await file.read(
      Buffer.alloc(Math.min(size, mostBytes)),
      0,
      undefined,
      start,
    );
    const bytes = buffer.subarray(0, bytesRead);
    return start === 0 ? bytes : bytes.subarray(bytes.indexOf(newline) + 1);
  } finally {
    await file.close();
  }
}
