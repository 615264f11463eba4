import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inTemporaryFolder } from '../testing/examples.ts';
import {
  hugePng,
  needsDecoder,
  noisePicture,
  pictureOf,
  plainPicture,
  writeIn,
} from '../testing/pictures.ts';
import { decodePicture, PictureError } from './decode.ts';

/** Returns [red, green, blue] at a pixel of a decoded picture. */
function colorAt(planes: Uint8Array, size: number, row: number, column: number): readonly number[] {
  return [0, 1, 2].map((channel) => planes[(channel * size + row) * size + column] ?? -1);
}

function isNear(found: readonly number[], expected: readonly number[], tolerance: number): void {
  assert.ok(
    found.every((value, index) => Math.abs(value - (expected[index] ?? 0)) <= tolerance),
    `found ${found}, expected ${expected}`,
  );
}

/** Returns a square gray TIFF file without compression (TIFF 6.0, section 2).
 * @param sampleFormat 1 for whole numbers, 3 for floating-point numbers */
function grayTiff(
  data: Uint8Array | Uint16Array | Uint32Array | Float32Array,
  size: number,
  sampleFormat: number,
) {
  const [short, long] = [3, 4];
  const tags = [
    [256, long, size], // width
    [257, long, size], // height
    [258, short, 8 * data.BYTES_PER_ELEMENT], // bits per sample
    [259, short, 1], // no compression
    [262, short, 1], // 0 is black
    [273, long, 256], // offset of the pixels
    [277, short, 1], // samples per pixel
    [278, long, size], // rows per strip
    [279, long, data.byteLength], // bytes of the strip
    [339, short, sampleFormat],
  ] as const;
  const file = Buffer.alloc(256 + data.byteLength);
  file.write('II*\0', 'latin1');
  file.writeUInt32LE(8, 4);
  file.writeUInt16LE(tags.length, 8);
  for (const [index, [tag, type, value]] of tags.entries()) {
    const at = 10 + 12 * index;
    file.writeUInt16LE(tag, at);
    file.writeUInt16LE(type, at + 2);
    file.writeUInt32LE(1, at + 4);
    file.writeUInt32LE(value, at + 8);
  }
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), 256);
  return file;
}

/** Returns the error of a picture that cannot be decoded. */
async function refusal(source: string | Uint8Array): Promise<PictureError> {
  try {
    await decodePicture(source, 8);
  } catch (error) {
    assert.ok(error instanceof PictureError, String(error));
    return error;
  }
  assert.fail('the picture is decoded');
}

const reason = async (source: string | Uint8Array) => (await refusal(source)).message;

describe('decoding', needsDecoder, () => {
  test('a picture of the right size keeps its pixels, channel by channel', async () => {
    const rows = Uint8Array.from({ length: 4 * 4 * 3 }, (_, index) => (index * 37) % 256);
    const planes = await decodePicture(await pictureOf(rows, 4, 4, 3).png().toBuffer(), 4);
    const expected = [0, 1, 2].flatMap((channel) => [...rows].filter((_, index) => index % 3 === channel));
    assert.deepEqual([...planes], expected);
  });

  test('every format is recognized by its content', async () => {
    const picture = () => plainPicture('#c86432', 20, 20);
    for (const format of ['jpeg', 'png', 'webp', 'avif', 'gif', 'tiff'] as const) {
      const planes = await decodePicture(await picture().toFormat(format).toBuffer(), 8);
      isNear(colorAt(planes, 8, 4, 4), [200, 100, 50], 12);
    }
  });

  test('the shorter side is resized, and the center is kept', async () => {
    const left = await plainPicture('#ff0000', 30, 10).png().toBuffer();
    const wide = plainPicture('#0000ff', 60, 20).composite([{ input: left, left: 0, top: 0 }]);
    const planes = await decodePicture(await wide.png().toBuffer(), 10);
    isNear(colorAt(planes, 10, 2, 2), [255, 0, 0], 3);
    isNear(colorAt(planes, 10, 2, 8), [0, 0, 255], 3);
    isNear(colorAt(planes, 10, 8, 2), [0, 0, 255], 3);
  });

  test('the EXIF orientation is applied', async () => {
    const white = await plainPicture('#ffffff', 8, 16).png().toBuffer();
    const half = await plainPicture('#000000', 16, 16)
      .composite([{ input: white, left: 0, top: 0 }])
      .toFormat('png')
      .toBuffer();
    // Orientation 6: the left side of the file is the top of the picture.
    const { default: sharp } = await import('sharp');
    const turned = await sharp(half).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const planes = await decodePicture(turned, 16);
    isNear(colorAt(planes, 16, 2, 2), [255, 255, 255], 12);
    isNear(colorAt(planes, 16, 2, 13), [255, 255, 255], 12);
    isNear(colorAt(planes, 16, 13, 2), [0, 0, 0], 12);
  });

  test('transparent parts are white; gray, 16 bits and CMYK become sRGB', async () => {
    const clear = pictureOf(new Uint8Array(16 * 4), 4, 4, 4);
    assert.deepEqual(colorAt(await decodePicture(await clear.png().toBuffer(), 4), 4, 1, 1), [255, 255, 255]);
    const gray = pictureOf(new Uint8Array(16).fill(77), 4, 4, 1).toColourspace('b-w');
    assert.deepEqual(colorAt(await decodePicture(await gray.png().toBuffer(), 4), 4, 1, 1), [77, 77, 77]);
    const deep = pictureOf(new Uint16Array(16 * 3).fill(0x8040), 4, 4, 3).toColourspace('rgb16');
    assert.deepEqual(colorAt(await decodePicture(await deep.png().toBuffer(), 4), 4, 1, 1), [128, 128, 128]);
    const print = plainPicture('#c86432', 20, 20).toColourspace('cmyk');
    isNear(colorAt(await decodePicture(await print.jpeg().toBuffer(), 8), 8, 4, 4), [200, 100, 50], 40);
  });

  test('TIFF files of 8 and 16 bits are decoded, and those of numbers without a fixed range are refused', async () => {
    const [bytes, words] = [new Uint8Array(16).fill(128), new Uint16Array(16).fill(128 * 257)];
    for (const data of [bytes, words])
      assert.deepEqual(colorAt(await decodePicture(grayTiff(data, 4, 1), 4), 4, 1, 1), [128, 128, 128]);
    assert.equal(
      await reason(grayTiff(new Float32Array(16).fill(0.5), 4, 3)),
      'TIFF with values of the type float, expected 8 or 16 bits',
    );
    assert.match(await reason(grayTiff(new Uint32Array(16), 4, 1)), /^TIFF with values of the type uint,/);
  });

  test('one pixel is enough, and of an animation the first picture is used', async () => {
    const one = await plainPicture('#010203', 1, 1).png().toBuffer();
    assert.deepEqual(colorAt(await decodePicture(one, 8), 8, 7, 7), [1, 2, 3]);
    const { default: sharp } = await import('sharp');
    const frames = await Promise.all(
      ['#ff0000', '#0000ff'].map((color) => plainPicture(color, 8, 8).png().toBuffer()),
    );
    const animation = await sharp(frames, { join: { animated: true } })
      .gif()
      .toBuffer();
    isNear(colorAt(await decodePicture(animation, 8), 8, 4, 4), [255, 0, 0], 2);
  });

  test('everything else is refused with the reason, before it is decoded into memory', async () =>
    inTemporaryFolder(async (folder) => {
      const jpeg = await noisePicture(1, 64, 64).jpeg().toBuffer();
      const png = await noisePicture(1, 64, 64).png().toBuffer();
      const formats = ', expected JPEG, PNG, WebP, AVIF, GIF or TIFF';
      writeIn(folder, 'text.jpg', 'hello');
      mkdirSync(join(folder, 'folder.jpg'));
      assert.equal(await reason(join(folder, 'text.jpg')), `a text file${formats}`);
      assert.match(
        await reason(join(folder, 'folder.jpg')),
        /^cannot be read \(is a folder, not a regular file\)$/,
      );
      assert.match(await reason(join(folder, 'missing.jpg')), /^cannot be read \(ENOENT/);
      if (process.platform !== 'win32') {
        execFileSync('mkfifo', [join(folder, 'fifo.jpg')]);
        assert.match(await reason(join(folder, 'fifo.jpg')), /FIFO/);
      }
      assert.equal(await reason(new Uint8Array()), `an empty file${formats}`);
      const svg = '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>';
      assert.equal(await reason(Buffer.from(svg)), `an SVG drawing, which has no pixels${formats}`);
      assert.equal(await reason(Buffer.from('\u0000\u0001\u0002\u0003')), `an unknown format${formats}`);
      assert.match(await reason(jpeg.subarray(0, jpeg.length / 2)), /^JPEG, but damaged or cut short$/);
      assert.match(await reason(jpeg.subarray(0, jpeg.length - 20)), /^JPEG, but damaged or cut short$/);
      assert.match(await reason(png.subarray(0, png.length / 2)), /^PNG, but damaged or cut short$/);
      assert.equal(
        await reason(hugePng(20_000, 20_000)),
        '20000 × 20000 is 400,000,000 pixels, expected at most 268,435,456',
      );
      const kinds: readonly (readonly [fault: string, source: string | Uint8Array])[] = [
        ['unsupported', join(folder, 'text.jpg')],
        ['unreadable', join(folder, 'missing.jpg')],
        ['damaged', png.subarray(0, png.length / 2)],
        ['too-large', hugePng(20_000, 20_000)],
      ];
      for (const [fault, source] of kinds) assert.equal((await refusal(source)).fault, fault);
    }));
});
