/** Decodes histograms and images, which are only located when a run is read. */
import { maskedCrc32c } from '../../crc32c.ts';
import { openRegularFile } from '../../disk/regular-file.ts';
import type { SummaryValue } from '../../summary/event.ts';
import { EventDecoder } from '../../summary/event-decode.ts';
import type { FoundValue, Run } from './run.ts';

const [headBytes, tailBytes] = [12, 4];
/** Larger records are not decoded. */
const maximumBytes = 64 << 20;

/** Returns the values of a tag at some places. What cannot be read, such as a record in a file that was replaced, is left out. */
export async function decodedValues(
  run: Run,
  places: readonly FoundValue[],
): Promise<readonly { readonly place: FoundValue; readonly value: SummaryValue }[]> {
  const decoder = new EventDecoder(run.plugins);
  const found: { readonly place: FoundValue; readonly value: SummaryValue }[] = [];
  for (const place of places) {
    const data = await recordAt(place.file, place.start).catch(() => undefined);
    const value = data && valueIn(decoder, data, place);
    if (value !== undefined) found.push({ place, value });
  }
  return found;
}

function valueIn(
  decoder: EventDecoder,
  data: Uint8Array,
  { tag, kind }: FoundValue,
): SummaryValue | undefined {
  try {
    const { content } = decoder.decode(data, tag);
    if (content.kind !== 'summary') return undefined;
    return content.values.find((value) => value.tag === tag && value.kind === kind);
  } catch {
    return undefined;
  }
}

/** Returns the data of the record at an offset, or undefined if no intact record is there. */
async function recordAt(path: string, start: number): Promise<Uint8Array | undefined> {
  const file = await openRegularFile(path, { links: 'refuse' });
  try {
    const head = await file.read(new Uint8Array(headBytes), 0, headBytes, start);
    const view = new DataView(head.buffer.buffer);
    const length = view.getUint32(0, true);
    if (head.bytesRead < headBytes || view.getUint32(4, true) !== 0 || length > maximumBytes)
      return undefined;
    const size = length + tailBytes;
    const { buffer, bytesRead } = await file.read(new Uint8Array(size), 0, size, start + headBytes);
    if (bytesRead < size) return undefined;
    const stored = new DataView(buffer.buffer).getUint32(length, true);
    return maskedCrc32c(buffer, 0, length) === stored ? buffer.subarray(0, length) : undefined;
  } finally {
    await file.close();
  }
}

/** Returns at most `most` items, evenly spread, with the last one. */
export function spread<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, index) => {
    const at = Math.round(((index + 1) * items.length) / most) - 1;
    return items[at];
  }).filter((item) => item !== undefined);
}
