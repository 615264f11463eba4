/** The last known values in a `metrics.jsonl`, read from its end. A validation has a line of its own, so
 * the values can come from different lines. */
import type { FileHandle } from 'node:fs/promises';
import { fieldsOfLine } from '../disk/json-lines.ts';
import { openRegularFile } from '../disk/regular-file.ts';

/** The number of bytes to read at once, and in total. Earlier parts of the file are not searched. */
const [pieceBytes, mostBytes] = [1 << 14, 1 << 20];
const newline = 0x0a;

/** Returns the last value of each tag that has one. Lines that are not JSON are skipped.
 * @throws the error of the operating system, or UnsuitableFileError */
export async function lastMetrics(
  path: string,
  tags: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const file = await openRegularFile(path, { links: 'refuse' });
  try {
    return await searchBackwards(file, tags);
  } finally {
    await file.close();
  }
}

async function searchBackwards(
  file: FileHandle,
  tags: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  const { size } = await file.stat();
  const least = Math.max(0, size - mostBytes);
  /** The end of a line whose start has not been read yet. */
  let rest = Buffer.alloc(0);
  for (let end = size; end > least && found.size < tags.length; ) {
    const start = Math.max(least, end - pieceBytes);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(end - start), 0, end - start, start);
    const bytes = Buffer.concat([buffer.subarray(0, bytesRead), rest]);
    const firstLine = start === 0 ? 0 : bytes.indexOf(newline) + 1;
    const isWithinLine = start > 0 && firstLine === 0;
    rest = isWithinLine ? bytes : bytes.subarray(0, firstLine);
    if (!isWithinLine) takeLast(bytes.subarray(firstLine).toString('utf8'), tags, found);
    end = start;
  }
  return found;
}

function takeLast(text: string, tags: readonly string[], found: Map<string, number>): void {
  for (const line of text.split('\n').reverse()) {
    const fields = fieldsOfLine(line);
    for (const tag of tags) {
      const value = fields[tag];
      if (typeof value === 'number' && !found.has(tag)) found.set(tag, value);
    }
  }
}
