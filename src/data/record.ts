/**
 * The record of the CIFAR-10 binary version (https://www.cs.toronto.edu/~kriz/cifar.html). A file consists only of records,
 * without header, footer or gaps.
 *
 *     offset  bytes  content
 *          0      1  label, 0 … 9
 *          1   1024  red plane, 32 rows of 32 pixels, top row first
 *       1025   1024  green plane
 *       2049   1024  blue plane
 *       3073         next record
 *
 * So pixels are stored as [C, H, W] = [3, 32, 32] and are never transposed.
 */
import { RunError } from '../errors.ts';

/** Height and width of an image. */
export const imageSize = 32;
export const imageChannels = 3;
export const imageBytes: number = imageChannels * imageSize * imageSize;
const labelBytes = 1;
export const recordBytes: number = labelBytes + imageBytes;

/** One example from a file. */
export interface ExampleRecord {
  /** `<path>:<index in the file, from 0>`. */
  readonly key: string;
  readonly label: number;
  /** [3, 32, 32], a view of the file's bytes. */
  readonly pixels: Uint8Array;
}

/** The label of record `index`, which must be in range. */
export function labelOf(records: Uint8Array, index: number): number {
  return records[index * recordBytes] as number;
}

/** The pixels of record `index`, a view of [3, 32, 32]. */
export function pixelsOf(records: Uint8Array, index: number): Uint8Array {
  const start = index * recordBytes + labelBytes;
  return records.subarray(start, start + imageBytes);
}

/** Encodes a record of 3,073 bytes.
 * @throws RangeError when the label is not a byte or the pixels are not [3, 32, 32] */
export function encodeRecord(label: number, pixels: Uint8Array): Uint8Array {
  if (!Number.isInteger(label) || label < 0 || label > 255)
    throw new RangeError(`a label is a whole number from 0 to 255, found ${label}`);
  if (pixels.length !== imageBytes)
    throw new RangeError(`an image has ${imageBytes} bytes, found ${pixels.length}`);
  const record = new Uint8Array(recordBytes);
  record[0] = label;
  record.set(pixels, labelBytes);
  return record;
}

/** The records of one file, in order.
 * @param file its path, for keys and errors
 * @throws RunError when the last record is incomplete, after yielding the complete ones */
export function* readRecords(file: string, bytes: Uint8Array): Generator<ExampleRecord, void, undefined> {
  const whole = Math.floor(bytes.length / recordBytes);
  for (let index = 0; index < whole; index++) {
    yield { key: `${file}:${index}`, label: labelOf(bytes, index), pixels: pixelsOf(bytes, index) };
  }
  const rest = bytes.length - whole * recordBytes;
  if (rest > 0) {
    throw new RunError(
      `${file}: record ${whole} is cut short, found ${rest} bytes, expected ${recordBytes}. The file is damaged: replace it.`,
    );
  }
}
