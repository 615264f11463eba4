import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { inTemporaryFolder, noiseImage } from '../testing/examples.ts';
import {
  encodeRecord,
  imageBytes,
  imageSize,
  labelOf,
  pixelsOf,
  readRecords,
  recordBytes,
} from './record.ts';

const planeBytes = imageSize * imageSize;

/** [3, 32, 32] in one colour. */
function plainImage(colour: readonly number[]): Uint8Array {
  return Uint8Array.from(colour.flatMap((value) => new Array<number>(planeBytes).fill(value)));
}

// The tutorial's only input test: reads three records of uniform planes one by one, until there are no more.
test('three records are read back with their keys, labels and colours, and then no fourth', async () => {
  await inTemporaryFolder(async (folder) => {
    const written = [
      { label: 9, colour: [0, 128, 255] },
      { label: 3, colour: [255, 0, 1] },
      { label: 0, colour: [254, 255, 0] },
    ];
    const file = join(folder, 'three.bin');
    await writeFile(
      file,
      Buffer.concat(written.map(({ label, colour }) => encodeRecord(label, plainImage(colour)))),
    );
    const records = readRecords(file, await readFile(file));
    for (const [index, { label, colour }] of written.entries()) {
      const { value } = records.next();
      assert.ok(value);
      assert.equal(value.key, `${file}:${index}`);
      assert.equal(value.label, label);
      for (let pixel = 0; pixel < planeBytes; pixel++) {
        const found: unknown[] = colour.map((_, channel) => value.pixels[channel * planeBytes + pixel]);
        assert.deepEqual(found, colour);
      }
    }
    assert.deepEqual(records.next(), { value: undefined, done: true });
  });
});

test('encoded records are read back, by both readers', () => {
  const anyRecord = fc
    .tuple(fc.nat(255), fc.nat())
    .map(([label, seed]) => ({ label, pixels: noiseImage(seed) }));
  fc.assert(
    fc.property(fc.array(anyRecord, { maxLength: 4 }), (written) => {
      const bytes = Uint8Array.from(written.flatMap(({ label, pixels }) => [...encodeRecord(label, pixels)]));
      assert.equal(bytes.length, written.length * recordBytes);
      const keyed = written.map((record, index) => ({ key: `f:${index}`, ...record }));
      assert.deepEqual([...readRecords('f', bytes)], keyed);
      for (const [index, { label, pixels }] of written.entries()) {
        assert.equal(labelOf(bytes, index), label);
        assert.deepEqual(pixelsOf(bytes, index), pixels);
      }
    }),
    { numRuns: 30 },
  );
});

test('an incomplete record is refused after the complete ones, with its index and sizes', () => {
  fc.assert(
    fc.property(fc.nat(3), fc.integer({ min: 1, max: recordBytes - 1 }), (whole, rest) => {
      const records = readRecords('some.bin', new Uint8Array(whole * recordBytes + rest));
      for (let index = 0; index < whole; index++) assert.equal(records.next().done, false);
      assert.throws(() => records.next(), {
        name: 'RunError',
        message: `some.bin: record ${whole} is cut short, found ${rest} bytes, expected 3073. The file is damaged: replace it.`,
      });
    }),
  );
});

test('invalid labels and images are not encoded', () => {
  const image = new Uint8Array(imageBytes);
  for (const label of [-1, 256, 1.5, Number.NaN])
    assert.throws(() => encodeRecord(label, image), /a label is a whole number from 0 to 255/);
  assert.throws(() => encodeRecord(0, image.subarray(1)), /an image has 3072 bytes, found 3071/);
});
