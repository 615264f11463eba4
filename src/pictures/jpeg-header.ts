/**
 * Reads the header of a JPEG file (ITU-T T.81, annex B) to decide whether the file is plain: one that every version of libjpeg
 * decodes to the same pixels, and whose pixels need no further conversion. A file is plain if it
 *
 * - is baseline or extended sequential, with Huffman codes and 8 bits per sample;
 * - is gray, or has three components with the usual sampling (4:4:4, 4:2:2 or 4:2:0) in one scan;
 * - has no metadata besides JFIF and comments: no EXIF orientation, no color profile, no Adobe color transform.
 */

/** The size of a picture in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Segments that do not change what is decoded: JFIF (APP0), comments, tables and the restart interval. */
const plainSegments: ReadonlySet<number> = new Set([0xe0, 0xfe, 0xdb, 0xc4, 0xdd]);
const startOfFrame: ReadonlySet<number> = new Set([0xc0, 0xc1]);
const startOfScan = 0xda;
/** The sampling factors of the first component of a color picture: horizontal in the high bits, vertical in the low ones. */
const plainSampling: ReadonlySet<number> = new Set([0x11, 0x21, 0x22]);

/** Returns the size of a plain JPEG file, or undefined for any other. */
export function plainJpegSize(bytes: Uint8Array): PictureSize | undefined {
  if (wordAt(bytes, 0) !== 0xffd8) return undefined;
  let frame: Uint8Array | undefined;
  for (let at = 2; bytes[at] === 0xff; ) {
    const marker = bytes[at + 1] ?? 0;
    const segment = bytes.subarray(at + 4, at + 2 + wordAt(bytes, at + 2));
    if (marker === startOfScan)
      return frame !== undefined && segment[0] === frame[5] ? sizeOf(frame) : undefined;
    if (startOfFrame.has(marker)) {
      if (frame !== undefined || !isPlainFrame(segment)) return undefined;
      frame = segment;
    } else if (!plainSegments.has(marker)) return undefined;
    at += 2 + Math.max(2, wordAt(bytes, at + 2));
  }
  return undefined;
}

/** @param frame the segment: bits, height (2 bytes), width (2 bytes), number of components, and of each component its name, its
 * sampling and its table */
function isPlainFrame(frame: Uint8Array): boolean {
  const components = frame[5];
  if (frame[0] !== 8 || (components !== 1 && components !== 3)) return false;
  if (frame.length !== 6 + 3 * components) return false;
  const [first = 0, ...others] = [7, 10, 13].slice(0, components).map((at) => frame[at]);
  if (components === 1) return first === 0x11;
  return plainSampling.has(first) && others.every((sampling) => sampling === 0x11);
}

function sizeOf(frame: Uint8Array): PictureSize {
  return { height: wordAt(frame, 1), width: wordAt(frame, 3) };
}

/** Returns the number in two bytes, the high one first, or 0 at the end. */
function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
