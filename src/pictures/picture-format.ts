/** Recognizes the format of a file by its first bytes. */

/** The formats that are decoded. */
export const pictureFormats = ['JPEG', 'PNG', 'WebP', 'AVIF', 'GIF', 'TIFF'] as const;
export type PictureFormat = (typeof pictureFormats)[number];

/** A sequence of bytes at an offset, in hexadecimal. */
interface Mark {
  readonly format: string;
  readonly at?: number;
  readonly bytes: string;
}

/** Formats with the bytes by which they are recognized: those that are decoded, and others that users may mistake for them. */
const marks: readonly Mark[] = [
  { format: 'JPEG' satisfies PictureFormat, bytes: 'ffd8ff' },
  { format: 'PNG' satisfies PictureFormat, bytes: '89504e470d0a1a0a' },
  { format: 'WebP' satisfies PictureFormat, at: 8, bytes: ascii('WEBP') },
  { format: 'GIF' satisfies PictureFormat, bytes: ascii('GIF87a') },
  { format: 'GIF' satisfies PictureFormat, bytes: ascii('GIF89a') },
  { format: 'TIFF' satisfies PictureFormat, bytes: '49492a00' },
  { format: 'TIFF' satisfies PictureFormat, bytes: '4d4d002a' },
  { format: 'TIFF' satisfies PictureFormat, bytes: '49492b00' },
  { format: 'TIFF' satisfies PictureFormat, bytes: '4d4d002b' },
  { format: 'a JPEG XL picture', bytes: 'ff0a' },
  { format: 'a JPEG XL picture', at: 4, bytes: ascii('JXL ') },
  { format: 'a JPEG 2000 picture', at: 4, bytes: ascii('jP  ') },
  { format: 'a BMP picture', bytes: ascii('BM') },
  { format: 'a Photoshop file', bytes: ascii('8BPS') },
  { format: 'a PDF file', bytes: ascii('%PDF') },
  { format: 'a ZIP archive', bytes: '504b0304' },
  { format: 'an icon', bytes: '00000100' },
];

function ascii(text: string): string {
  return Buffer.from(text, 'latin1').toString('hex');
}

/** Returns the name of a format, such as `JPEG`, or what the file is instead, such as `an SVG drawing`. */
export function formatOf(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'an empty file';
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 4096));
  const hexadecimal = start.toString('hex', 0, 64);
  const mark = marks.find(({ at = 0, bytes }) => hexadecimal.startsWith(bytes, 2 * at));
  return mark?.format ?? mediaFormat(start) ?? textFormat(start) ?? 'an unknown format';
}

/** Recognizes the formats of ISO base media files, whose first box lists the brands that the file conforms to. */
function mediaFormat(start: Buffer): string | undefined {
  if (start.toString('latin1', 4, 8) !== 'ftyp') return undefined;
  const brands = start.toString('latin1', 8, Math.min(start.length, start.readUInt32BE(0), 256));
  if (/avif|avis/.test(brands)) return 'AVIF' satisfies PictureFormat;
  return /hei[cxms]|hev[cxms]|mif1/.test(brands) ? 'a HEIC picture' : 'a video';
}

function textFormat(start: Buffer): string | undefined {
  const text = start.toString('utf8').trimStart();
  if (/<svg[\s>]/.test(text)) return 'an SVG drawing, which has no pixels';
  if (/^(<!doctype html|<html)/i.test(text)) return 'a web page';
  return isText(start) ? 'a text file' : undefined;
}

/** Whether the bytes contain no control characters other than white space. */
function isText(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte >= 32 || [9, 10, 12, 13, 27].includes(byte));
}
