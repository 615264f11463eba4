import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, test } from 'node:test';
import { inTemporaryFolder, noiseImage } from '../testing/examples.ts';
import { loadJpegFixture } from '../testing/fixtures.ts';
import { needsDecoder, noisePicture, pictureOf, writeIn } from '../testing/pictures.ts';
import { decodePicture } from './decode.ts';
import { decodeAll } from './decode-all.ts';
import { plainJpegSize } from './jpeg-header.ts';
import { decodePlainJpeg, mostPlainBytes } from './plain-jpeg.ts';
import { decodePlainFiles } from './plain-threads.ts';

/** Decodes with libvips, or returns undefined if libvips refuses the file. */
async function libvipsPixels(bytes: Uint8Array): Promise<Uint8Array | undefined> {
  const { default: sharp } = await import('sharp');
  const picture = sharp(bytes, { failOn: 'error' }).toColourspace('srgb').raw();
  return picture.toBuffer().catch(() => undefined);
}

/** A picture of extremes, whose transform has the largest values. */
function extremePicture(seed: number, size: number) {
  const pixels = noiseImage(seed, [3, size, size]).map((value) => (value < 128 ? 0 : 255));
  return pictureOf(pixels, size, size, 3);
}

test('files of every kind that is plain are decoded to the pixels of Pillow, and no others', () => {
  const { size, cases } = loadJpegFixture();
  for (const { name, plain, pixels, bytes } of cases) {
    const found = decodePlainJpeg(bytes, size);
    assert.equal(found && hash('sha256', found), plain ? pixels : undefined, name);
    assert.deepEqual(plainJpegSize(bytes), plain ? { width: size, height: size } : undefined, name);
  }
});

test('headers with anything unusual are left to libvips', () => {
  const bytes = loadJpegFixture().cases[0]?.bytes ?? Buffer.alloc(0);
  const [frame, scan] = [0xc0, 0xda].map((marker) => bytes.indexOf(Buffer.from([0xff, marker])));
  const changed = (at: number | undefined, values: readonly number[]) => {
    const copy = Buffer.from(bytes);
    copy.set(values, at);
    return plainJpegSize(copy);
  };
  const start = frame ?? 0;
  assert.notEqual(changed(start, [0xff, 0xc1]), undefined, 'extended sequential');
  const unusual = {
    'not a JPEG file': changed(0, [0x89]),
    progressive: changed(start, [0xff, 0xc2]),
    'arithmetic codes': changed(start, [0xff, 0xc9]),
    '12 bits': changed(start + 4, [12]),
    '2 components': changed(start + 9, [2]),
    '4:1:1': changed(start + 11, [0x41]),
    '4:4:0': changed(start + 11, [0x12]),
    'finer colors': changed(start + 14, [0x21]),
    'a scan of one component': changed((scan ?? 0) + 4, [1]),
    'a segment that is too long': changed(4, [0xff, 0xff]),
    'no header': plainJpegSize(bytes.subarray(0, scan)),
  };
  for (const [name, size] of Object.entries(unusual)) assert.equal(size, undefined, name);
});

test('files of another size and large files are left to libvips', () => {
  const { size, cases } = loadJpegFixture();
  const [first] = cases;
  assert.ok(first);
  assert.equal(decodePlainJpeg(first.bytes, size + 1), undefined);
  assert.equal(decodePlainJpeg(Buffer.concat([first.bytes, Buffer.alloc(mostPlainBytes)]), size), undefined);
  assert.notEqual(decodePlainJpeg(first.bytes, size), undefined);
});

describe('plain JPEG files', needsDecoder, () => {
  test('have the same pixels as from libvips, with every quality, sampling and size', async () => {
    let compared = 0;
    for (const size of [1, 7, 8, 9, 15, 16, 17, 32, 33, 100, 256])
      for (const quality of [1, 40, 75, 95, 100])
        for (const chromaSubsampling of ['4:4:4', '4:2:0']) {
          const picture = quality % 2 === 0 ? noisePicture(size, size, size) : extremePicture(size, size);
          const colors = size % 3 === 0 ? picture.grayscale() : picture;
          const bytes = await colors
            .jpeg({ quality, chromaSubsampling, optimiseCoding: size < 32 })
            .toBuffer();
          const found = decodePlainJpeg(bytes, size);
          if (found === undefined) {
            assert.ok(bytes.length > mostPlainBytes);
            continue;
          }
          const from = await pictureOf(found, size, size, 3).raw().toBuffer();
          const expected = await decodedColors(bytes);
          assert.deepEqual(from, expected, `${size} pixels, quality ${quality}, ${chromaSubsampling}`);
          compared++;
        }
    assert.ok(compared > 100);
  });

  test('that are damaged or cut short are refused by libvips, and change nothing for the next file', async () => {
    const size = 24;
    const bytes = await noisePicture(3, size, size).jpeg({ quality: 60 }).toBuffer();
    const pixels = Buffer.from(decodePlainJpeg(bytes, size) ?? []);
    for (let length = 0; length < bytes.length; length += 7)
      assert.equal(decodePlainJpeg(bytes.subarray(0, length), size), undefined, `${length} bytes`);
    const tables = bytes.indexOf(Buffer.from([0xff, 0xc4]));
    const damaged = {
      'codes that cannot exist': Buffer.from(bytes).fill(0xff, tables + 5, tables + 21),
      'no tables of coefficients': without(bytes, 0xdb),
      'no end': bytes.subarray(0, bytes.length - 2),
    };
    for (const [name, file] of Object.entries(damaged)) {
      assert.equal(decodePlainJpeg(file, size), undefined, name);
      assert.equal(await libvipsPixels(file), undefined, name);
      await assert.rejects(decodePicture(file, size), { message: 'JPEG, but damaged or cut short' }, name);
      assert.deepEqual(Buffer.from(decodePlainJpeg(bytes, size) ?? []), pixels, `after: ${name}`);
    }
  });

  test('are decoded in threads if there are many, and all other files by libvips', () =>
    inTemporaryFolder(async (folder) => {
      const size = 8;
      const plain = await Promise.all(
        Array.from({ length: 10 }, (_, seed) => noisePicture(seed, size, size).jpeg().toBuffer()),
      );
      const paths = Array.from({ length: 2000 }, (_, index) => `${index}.jpg`);
      for (const [index, path] of paths.entries()) writeIn(folder, path, plain[index % 10] ?? '');
      writeIn(folder, '70.jpg', await noisePicture(1, size, size).png().toBuffer());
      writeIn(folder, '71.jpg', await noisePicture(1, 20, 10).jpeg().toBuffer());
      writeIn(folder, '72.jpg', 'text');
      writeIn(folder, '1999.jpg', (plain[0] ?? Buffer.alloc(0)).subarray(0, 300));
      const reports: number[] = [];
      const results = await decodeAll(folder, [...paths, 'missing.jpg'], size, {
        onProgress: (done) => reports.push(done),
      });
      assert.deepEqual(
        [72, 1999, 2000].map((index) => String(results[index]).replace(/[:,].*/, '')),
        ['a text file', 'JPEG', 'cannot be read (ENOENT'],
      );
      for (const index of [0, 9, 70, 71, 73, 1234, 1998])
        assert.deepEqual(
          results[index],
          await decodePicture(`${folder}/${paths[index]}`, size),
          paths[index],
        );
      assert.equal(reports.at(-1), 2001);
      assert.deepEqual(
        reports.toSorted((a, b) => a - b),
        reports,
      );
    }));

  test('are not decoded after the signal is aborted', () =>
    inTemporaryFolder(async (folder) => {
      const paths = new Array<string>(2000).fill(`${folder}/missing.jpg`);
      const [before, during] = [new AbortController(), new AbortController()];
      before.abort();
      const options = { onDecoded: () => undefined };
      const stopped = { name: 'StoppedError' };
      await assert.rejects(decodePlainFiles(paths, 8, { ...options, signal: before.signal }), stopped);
      const running = decodePlainFiles(paths, 8, { ...options, signal: during.signal });
      during.abort();
      await assert.rejects(running, stopped);
    }));
});

/** Decodes with libvips to three channels. */
async function decodedColors(bytes: Uint8Array): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  return sharp(bytes, { failOn: 'error' }).toColourspace('srgb').raw().toBuffer();
}

/** Leaves out all segments with a marker. */
function without(bytes: Buffer, marker: number): Buffer {
  const at = bytes.indexOf(Buffer.from([0xff, marker]));
  if (at === -1) return bytes;
  const end = at + 2 + bytes.readUInt16BE(at + 2);
  return without(Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]), marker);
}
