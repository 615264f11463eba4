/**
 * Decodes pictures. Training, `predict` and everything else that reads pictures uses this file, so that all of them see the same
 * pixels. A picture is
 *
 * 1. rotated and mirrored as its EXIF orientation says;
 * 2. converted to sRGB with 8 bits per channel, by its color profile if it has one (gray, CMYK, 16 bits, palettes);
 * 3. laid over white where it is transparent;
 * 4. resized so that its shorter side has `imageSize` pixels (Lanczos), and cropped to the central square.
 *
 * A picture that already has that size keeps its pixels. Of an animation or a file of several pages, the first is used.
 *
 * Small JPEG files of that size are decoded without libvips, to the same pixels (`plain-jpeg.ts`).
 */
import type sharp from 'sharp';
import type { Sharp } from 'sharp';
import { readRegularFile } from '../disk/regular-file.ts';
import { errorCode, messageOf, RunError } from '../errors.ts';
import { exhaustedResource } from '../machine/exhaustion.ts';
import { alternatives, oneLine, shortened } from '../wording.ts';
import { formatOf, type PictureFormat, pictureFormats } from './picture-format.ts';
import { decodePlainJpeg } from './plain-jpeg.ts';
import { planesOf } from './planes.ts';

/** Why a picture cannot be decoded: it cannot be read, it is not a picture or of another format, it has too many pixels or bytes,
 * or its data are damaged or cut short. */
export type PictureFault = 'unreadable' | 'unsupported' | 'too-large' | 'damaged';

/** A picture cannot be decoded. The message says what was found and what was expected, and does not contain the path. */
export class PictureError extends Error {
  override readonly name = 'PictureError';
  readonly code = 'CIFAR10_PICTURE';
  /** The kind of problem, for programs. */
  readonly fault: PictureFault;

  constructor(fault: PictureFault, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.fault = fault;
  }
}

/** The largest picture that is decoded, in pixels. It is larger than photographs of 200 megapixels. */
export const mostPixels: number = 16_384 ** 2;
/** The size of the largest file that is read. */
const mostBytes = 1 << 29;

/** Decodes a picture.
 * @param source the path of a file, or its bytes
 * @param imageSize the height and the width of the result, in pixels
 * @returns [3, imageSize, imageSize]: the red, the green and the blue plane, 0 … 255
 * @throws PictureError with the reason, when the picture cannot be decoded
 * @throws RunError when the decoder is not installed
 * @throws the error of the system, when memory or file descriptors ran out */
export async function decodePicture(source: string | Uint8Array, imageSize: number): Promise<Uint8Array> {
  const decode = await decoder();
  const bytes = typeof source === 'string' ? await bytesOf(source) : source;
  const format = requireSupported(bytes);
  const plain = decodePlainJpeg(bytes, imageSize);
  if (plain !== undefined) return planesOf(plain, imageSize);
  try {
    if (format === 'TIFF') await requireLevels(decode(bytes, settings));
    return planesOf(await pixelsOf(decode(bytes, settings), imageSize), imageSize);
  } catch (error) {
    if (error instanceof PictureError || exhaustedResource(error) !== undefined) throw error;
    const reason = await tooLarge(decode(bytes, { limitInputPixels: false }));
    if (reason !== undefined) throw new PictureError('too-large', reason, { cause: error });
    // The decoder's own messages are not used: if several pictures are decoded at once, it mixes them up.
    throw new PictureError('damaged', `${format}, but damaged or cut short`, { cause: error });
  }
}

/** A picture that is already decoded, such as the `ImageData` of a canvas. */
export interface Pixels {
  /** [height, width, channels], 0 … 255, in rows from the top. There are three channels (red, green, blue), or four with alpha. */
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** Resizes and crops a decoded picture as `decodePicture` does. If it already has the size and three channels, the decoder is not
 * needed.
 * @returns [3, imageSize, imageSize]: the red, the green and the blue plane, 0 … 255
 * @throws PictureError when the length of the data does not fit the size
 * @throws RunError when the decoder is needed, but not installed */
export async function fitPixels({ data, width, height }: Pixels, imageSize: number): Promise<Uint8Array> {
  const channels = data.length / (width * height);
  if (channels !== 3 && channels !== 4)
    throw new PictureError(
      'damaged',
      `found ${data.length.toLocaleString('en-US')} bytes of pixels, expected 3 or 4 for each of the ` +
        `${width} × ${height} pixels`,
    );
  if (channels === 3 && width === imageSize && height === imageSize) return planesOf(data, imageSize);
  const decode = await decoder();
  const picture = decode(data, { ...settings, raw: { width, height, channels } });
  return planesOf(await pixelsOf(picture, imageSize), imageSize);
}

/** Returns the picture as rows of pixels, with red, green and blue next to each other. */
async function pixelsOf(picture: Sharp, imageSize: number): Promise<Uint8Array> {
  const { data, info } = await picture
    .autoOrient()
    .flatten({ background: '#ffffff' })
    .resize(imageSize, imageSize, { fit: 'cover', position: 'centre' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  if (info.channels === 3 && info.width === imageSize && info.height === imageSize) return data;
  throw new PictureError('unsupported', `found ${info.channels} channels after decoding, expected 3`);
}

/** Requires a TIFF file to contain levels of brightness. Floating-point numbers and larger integers have no fixed range, so they
 * would become black or white. */
async function requireLevels(picture: Sharp): Promise<void> {
  const { depth } = await picture.metadata();
  if (depth === 'uchar' || depth === 'ushort') return;
  throw new PictureError('unsupported', `TIFF with values of the type ${depth}, expected 8 or 16 bits`);
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, { maximumBytes: mostBytes });
  } catch (error) {
    if (exhaustedResource(error) !== undefined) throw error;
    throw new PictureError('unreadable', `cannot be read (${oneLine(messageOf(error))})`, { cause: error });
  }
}

/** Recognizes the format by the first bytes, because the ending of a name may be wrong. */
function requireSupported(bytes: Uint8Array): PictureFormat {
  const found = formatOf(bytes);
  const format = pictureFormats.find((name) => name === found);
  if (format !== undefined) return format;
  throw new PictureError('unsupported', `${found}, expected ${alternatives(pictureFormats)}`);
}

/** Returns the reason why the decoder refused a huge picture, which it does before it decodes the picture into memory. Returns
 * undefined for other pictures. */
async function tooLarge(picture: Sharp): Promise<string | undefined> {
  const { width, height } = await picture.metadata().catch(() => ({ width: 0, height: 0 }));
  if (width * height <= mostPixels) return undefined;
  const [found, most] = [width * height, mostPixels].map((pixels) => pixels.toLocaleString('en-US'));
  return `${width} × ${height} is ${found} pixels, expected at most ${most}`;
}

/** Errors in the data are refused, and so are files that are cut short, but not mere warnings, such as an unknown tag. */
const settings = { failOn: 'error', limitInputPixels: mostPixels, sequentialRead: true } as const;

/** Returns the version of the decoder, such as `sharp 0.35.5, libvips 8.18.7`. Another version may decode to other pixels.
 * @throws RunError when the decoder is not installed */
export async function decoderVersion(): Promise<string> {
  const { sharp: version, vips } = (await decoder()).versions;
  return `sharp ${version}, libvips ${vips}`;
}

type Decoder = typeof sharp;
let loading: Promise<Decoder> | undefined;

/** Loads the decoder when the first picture is decoded, because it is optional. */
function decoder(): Promise<Decoder> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Decoder> {
  try {
    return (await import('sharp')).default;
  } catch (error) {
    throw new RunError(missingMessage(error), { cause: error });
  }
}

function missingMessage(error: unknown): string {
  const isMissing = errorCode(error) === 'ERR_MODULE_NOT_FOUND';
  const [reason = ''] = messageOf(error).split('\n');
  const found = isMissing ? 'is not installed' : `does not work here (${oneLine(shortened(reason, 160))})`;
  return (
    `pictures are decoded by the package sharp, which ${found}. Run "npm install sharp". ` +
    'sharp is an optional dependency, which npm leaves out with --omit=optional or --no-optional'
  );
}
