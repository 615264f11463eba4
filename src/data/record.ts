/**
 * The records of a data set in the binary version of CIFAR (https://www.cs.toronto.edu/~kriz/cifar.html). A file consists only
 * of records, without a header, a footer or gaps. A record consists of its labels, followed by its pixels, one byte each:
 *
 *     CIFAR-10                             CIFAR-100
 *     offset  bytes  content               offset  bytes  content
 *          0      1  label, 0 … 9               0      1  coarse label, 0 … 19
 *          1   1024  red plane                  1      1  fine label, 0 … 99
 *       1025   1024  green plane                2   1024  red plane
 *       2049   1024  blue plane              1026   1024  green plane
 *       3073         next record             2050   1024  blue plane
 *                                            3074         next record
 *
 * A plane has H rows of W pixels, with the top row first. Pixels are therefore stored as [C, H, W], and never have to be
 * transposed.
 */

/** [C, H, W]: channels, rows, columns. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** One of the labels of a record. */
export interface LabelField {
  readonly name: string;
  /** The size of the label in the record. Labels with more than 256 classes have two bytes, in little-endian order. */
  readonly bytes: 1 | 2;
  /** The names of the classes. The label is an index into this list. */
  readonly classes: readonly string[];
  /** The name of the file with the names of the classes, in the data set's folder. */
  readonly namesFile: string;
}

/** The parts of a record. */
export interface RecordLayout {
  /** The labels, in the order of the record. */
  readonly labels: readonly LabelField[];
  readonly image: ImageShape;
}

/** Returns the number of bytes of an image, which has one byte per value. */
export function imageBytes([channels, height, width]: ImageShape): number {
  return channels * height * width;
}

/** Returns the number of bytes of a record. */
export function recordBytes(layout: RecordLayout): number {
  return pixelsOffset(layout) + imageBytes(layout.image);
}

/** Returns the offset of the pixels in a record. */
export function pixelsOffset({ labels }: RecordLayout): number {
  return labels.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Returns the offset of a label in a record.
 * @throws RangeError when the record has no such label */
export function labelOffset({ labels }: RecordLayout, name: string): number {
  const before = labels.findIndex((field) => field.name === name);
  if (before === -1)
    throw new RangeError(
      `unknown label: found ${name}, expected one of ${labels.map((field) => field.name).join(', ')}`,
    );
  return labels.slice(0, before).reduce((sum, { bytes }) => sum + bytes, 0);
}

/** Encodes a record.
 * @param labels one number for each label of the layout, in order
 * @param pixels [C, H, W]
 * @throws RangeError when a label does not fit into its bytes, or the number of pixels is wrong */
export function encodeRecord(
  layout: RecordLayout,
  labels: readonly number[],
  pixels: Uint8Array,
): Uint8Array {
  const expected = imageBytes(layout.image);
  if (labels.length !== layout.labels.length)
    throw new RangeError(`number of labels: found ${labels.length}, expected ${layout.labels.length}`);
  if (pixels.length !== expected)
    throw new RangeError(`number of pixel bytes: found ${pixels.length}, expected ${expected}`);
  const record = new Uint8Array(recordBytes(layout));
  let at = 0;
  for (const [index, { bytes }] of layout.labels.entries()) {
    const label = labels[index] ?? 0;
    const most = 256 ** bytes - 1;
    if (!Number.isInteger(label) || label < 0 || label > most)
      throw new RangeError(`label: found ${label}, expected a whole number from 0 to ${most}`);
    for (let byte = 0; byte < bytes; byte++) record[at++] = (label >>> (8 * byte)) & 255;
  }
  record.set(pixels, at);
  return record;
}

/** Reads a label of one or two bytes at an offset. */
export function readLabel(records: Uint8Array, at: number, bytes: 1 | 2): number {
  const low = records[at] as number;
  return bytes === 1 ? low : low + 256 * (records[at + 1] as number);
}
