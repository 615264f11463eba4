import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { noiseImage } from '../testing/examples.ts';
import type { DatasetDescription } from './dataset.ts';
import { datasets } from './datasets.ts';
import { ExampleReader } from './examples.ts';
import { encodeRecord, type RecordLayout, readLabel, recordBytes } from './record.ts';

const { cifar10, cifar100 } = datasets;
const planeBytes = 32 * 32;

/** Makes an image [3, 32, 32] in one color. */
function plainImage(color: readonly number[]): Uint8Array {
  return Uint8Array.from(color.flatMap((value) => new Array<number>(planeBytes).fill(value)));
}

function readerOf(dataset: DatasetDescription, records: Uint8Array): ExampleReader {
  return new ExampleReader({ dataset, count: records.length / recordBytes(dataset.record), records });
}

// This is the tutorial's only input test. It reads three records of uniform planes one by one.
test('three records are read back with their labels and colors', () => {
  const written = [
    { label: 9, color: [0, 128, 255] },
    { label: 3, color: [255, 0, 1] },
    { label: 0, color: [254, 255, 0] },
  ];
  const records = Buffer.concat(
    written.map(({ label, color }) => encodeRecord(cifar10.record, [label], plainImage(color))),
  );
  assert.equal(records.length, 3 * 3073);
  const reader = readerOf(cifar10, records);
  for (const [index, { label, color }] of written.entries()) {
    assert.equal(reader.labelOf(index), label);
    const pixels = reader.pixelsOf(index);
    for (let pixel = 0; pixel < planeBytes; pixel++) {
      const found: unknown[] = color.map((_, channel) => pixels[channel * planeBytes + pixel]);
      assert.deepEqual(found, color);
    }
  }
});

test('in CIFAR-100 the coarse label comes before the fine label', () => {
  const record = encodeRecord(cifar100.record, [19, 98], noiseImage(1));
  assert.deepEqual([record.length, record[0], record[1]], [3074, 19, 98]);
  assert.equal(readerOf(cifar100, record).labelOf(0), 98);
  assert.equal(readerOf({ ...cifar100, labels: 'coarse' }, record).labelOf(0), 19);
  assert.deepEqual(readerOf(cifar100, record).pixelsOf(0), noiseImage(1));
});

test('records of any layout are read back', () => {
  const field = fc.record({ bytes: fc.constantFrom(1 as const, 2 as const), label: fc.nat(255) });
  const layout = fc.tuple(fc.array(field, { minLength: 1, maxLength: 3 }), fc.constantFrom(1, 3), fc.nat(6));
  fc.assert(
    fc.property(layout, fc.nat(), ([fields, channels, size], seed) => {
      const image = [channels, size + 1, size + 2] as const;
      const labels = fields.map(({ bytes }, index) => ({
        name: String(index),
        bytes,
        classes: [],
        namesFile: `${index}.txt`,
      }));
      const values = fields.map(({ bytes, label }) => (bytes === 2 ? label * 250 : label));
      const record = encodeRecord({ labels, image }, values, noiseImage(seed, image));
      for (const [index, value] of values.entries()) {
        const dataset = { ...cifar10, record: { labels, image }, labels: String(index) };
        const reader = readerOf(dataset, Buffer.concat([record, record]));
        assert.equal(reader.labelOf(1), value);
        assert.deepEqual(Uint8Array.from(reader.pixelsOf(1)), noiseImage(seed, image));
      }
    }),
    { numRuns: 50 },
  );
});

test('a label of two bytes is little-endian', () => {
  assert.equal(readLabel(Uint8Array.of(7, 0xe7, 3), 1, 2), 999);
});

test('invalid labels and images are refused', () => {
  const { record } = cifar10;
  const image = new Uint8Array(3072);
  for (const label of [-1, 256, 1.5, Number.NaN])
    assert.throws(
      () => encodeRecord(record, [label], image),
      /label: found .*, expected a whole number from 0 to 255/,
    );
  const wide: RecordLayout = { ...record, labels: record.labels.map((field) => ({ ...field, bytes: 2 })) };
  assert.throws(
    () => encodeRecord(wide, [65_536], image),
    /found 65536, expected a whole number from 0 to 65535/,
  );
  assert.throws(
    () => encodeRecord(record, [0], image.subarray(1)),
    /number of pixel bytes: found 3071, expected 3072/,
  );
  assert.throws(() => encodeRecord(record, [0, 1], image), /number of labels: found 2, expected 1/);
});
