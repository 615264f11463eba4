import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { maskedCrc32c } from '../crc32c.ts';
import { float32, scalar, type Tensor } from '../tensor/tensor.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { BundleEntry, BundleHeader } from './schema.ts';
import { decodeTable, encodeTable } from './sorted-table.ts';
import {
  type BundleFiles,
  bundleDataPath,
  bundleIndexPath,
  decodeBundle,
  encodeBundle,
  readBundle,
  writeBundle,
} from './tensor-bundle.ts';

/** What TensorFlow writes, from tensor_bundle.py beside the fixture. */
const fixture = JSON.parse(
  readFileSync(new URL('../../test/fixtures/tensor-bundle.json', import.meta.url), 'utf8'),
) as {
  readonly index: string;
  readonly data: string;
  readonly large: { readonly bytes: number; readonly sha256: string };
  readonly with_text: readonly [string, string];
};
const paths = { index: 'model.index', data: 'model.data' };

function smallTensors(): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>([
    ['global_step', { dtype: 'int64', shape: [], data: BigInt64Array.of(300n) }],
    ['Variable', { dtype: 'int32', shape: [], data: Int32Array.of(300) }],
    ['is_trained', { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) }],
    ['empty', float32([0, 4], [])],
  ]);
  for (let layer = 0; layer < 10; layer++) {
    const name = `layer${layer}/weights`;
    tensors.set(`${name}/ExponentialMovingAverage`, float32([2, 3], new Array<number>(6).fill(layer / 4)));
    tensors.set(
      name,
      float32(
        [2, 3],
        [0, 1, 2, 3, 4, 5].map((value) => value + layer),
      ),
    );
  }
  return tensors;
}

test('the files have the bytes that TensorFlow writes', () => {
  const { index, data } = encodeBundle(smallTensors());
  assert.equal(Buffer.from(index).toString('hex'), fixture.index);
  assert.equal(Buffer.from(data).toString('hex'), fixture.data);
});

test('an index of several blocks has the bytes that TensorFlow writes', () => {
  const name = (i: number) => `layer${i}/a_scope_with_quite_a_long_name_${(i * 7919) % 9973}/weights`;
  const tensors = new Map(Array.from({ length: 9000 }, (_, i) => [name(i), scalar(i)] as const));
  const { index, data } = encodeBundle(tensors);
  assert.equal(index.length, fixture.large.bytes);
  assert.equal(createHash('sha256').update(index).digest('hex'), fixture.large.sha256);
  const { tensors: read } = decodeBundle({ index, data }, paths);
  assert.deepEqual([read.size, read.get(name(8999))], [9000, scalar(8999)]);
});

test('a bundle that TensorFlow wrote is read, with its element types and shapes', () => {
  const files = { index: Buffer.from(fixture.index, 'hex'), data: Buffer.from(fixture.data, 'hex') };
  const { tensors, unread } = decodeBundle(files, paths);
  assert.deepEqual(tensors, new Map(smallTensors()));
  assert.deepEqual(unread, []);
});

test('tensors of other types are listed', () => {
  const [index, data] = fixture.with_text.map((hex) => Buffer.from(hex, 'hex'));
  assert.ok(index !== undefined && data !== undefined);
  const { tensors, unread } = decodeBundle({ index, data }, paths);
  assert.deepEqual([unread, tensors.get('value')], [['note'], scalar(2)]);
});

test('a bundle is written to two files and read again', () =>
  inTemporaryFolder(async (folder) => {
    const prefix = join(folder, 'model.ckpt-300');
    await writeBundle(prefix, smallTensors());
    assert.deepEqual((await readBundle(prefix)).tensors, new Map(smallTensors()));
  }));

describe('a damaged bundle is refused with its file and the damage', () => {
  const changed = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
  const damages: readonly (readonly [string, (files: BundleFiles) => BundleFiles, RegExp])[] = [
    [
      'a changed value',
      ({ index, data }) => ({ index, data: changed(data, 40) }),
      /^model\.data: tensor "layer\d\/weights.*": the checksum is wrong; the file is damaged or from another bundle$/,
    ],
    [
      'data that is cut short',
      ({ index, data }) => ({ index, data: data.subarray(0, data.length - 1) }),
      /^model\.data: tensor "layer9\/weights.*": expected 24 bytes at \d+, found 23;/,
    ],
    [
      'a changed name',
      ({ index, data }) => ({ index: changed(index, 20), data }),
      /^model\.index: the file is damaged: the checksum of the block at byte 0 is wrong$/,
    ],
    [
      'another file',
      ({ data }) => ({ index: new Uint8Array(1000), data }),
      /^model\.index: not the index of a tensor bundle: found the magic number 0x0, expected 0xdb4775248b80fb57$/,
    ],
    [
      'an empty file',
      ({ data }) => ({ index: new Uint8Array(), data }),
      /^model\.index: too short for a table: found 0 bytes, expected at least 48$/,
    ],
    [
      'an index without a header',
      ({ data }) => ({ index: encodeTable([]), data }),
      /^model\.index: the file is damaged: the entry with the header is missing$/,
    ],
  ];
  for (const [title, damage, message] of damages)
    test(title, () => {
      assert.throws(() => decodeBundle(damage(encodeBundle(smallTensors())), paths), {
        name: 'RunError',
        message,
      });
    });

  test('a missing data file', () =>
    inTemporaryFolder(async (folder) => {
      const prefix = join(folder, 'model');
      await writeFile(bundleIndexPath(prefix), encodeBundle(smallTensors()).index);
      await assert.rejects(readBundle(prefix), /cannot read .*model\.data-00000-of-00001: .*ENOENT/);
      await writeFile(bundleDataPath(prefix), '');
      await truncate(bundleIndexPath(prefix), 100);
      await assert.rejects(readBundle(prefix), /model\.index: not the index of a tensor bundle/);
    }));
});

test('any byte of an index can be changed without an error that is not a RunError', () => {
  const { index, data } = encodeBundle(smallTensors());
  for (let at = 0; at < index.length; at++) {
    const damaged = index.map((byte, i) => (i === at ? byte ^ 0x55 : byte));
    try {
      decodeBundle({ index: damaged, data }, paths);
    } catch (error) {
      assert.equal((error as Error).name, 'RunError', `byte ${at}: ${error}`);
    }
  }
});

test('an index whose keys are not sorted is refused, because it could name the same block many times', () => {
  const entry = (key: string) => ({ key: new TextEncoder().encode(key), value: new Uint8Array() });
  const table = encodeTable([entry('a'), entry('b')]);
  const at = table.indexOf('a'.charCodeAt(0));
  table[at] = 'c'.charCodeAt(0);
  // Two entries of 3 bytes and a key, one restart, and the type of the compression.
  const end = 2 * 4 + 2 * 4 + 1;
  new DataView(table.buffer, table.byteOffset).setUint32(end, maskedCrc32c(table.subarray(0, end)), true);
  assert.throws(() => decodeTable(table, 'model.index'), {
    name: 'RunError',
    message: 'model.index: the file is damaged: its keys are not sorted',
  });
});

test('a shape with negative lengths is refused', () => {
  const header = BundleHeader.encode({ num_shards: 1 }).finish();
  const data = new Uint8Array(24);
  const entry = {
    dtype: 1,
    shape: { dim: [{ size: -2 }, { size: -3 }] },
    size: 24,
    crc32c: maskedCrc32c(data),
  };
  const index = encodeTable([
    { key: new Uint8Array(), value: header },
    { key: new TextEncoder().encode('a'), value: BundleEntry.encode(entry).finish() },
  ]);
  assert.throws(() => decodeBundle({ index, data }, paths), {
    name: 'RunError',
    message: /^model\.data: tensor "a": its shape is \[-2, -3\]; the file is damaged/,
  });
});

test('keys that are not sorted are refused', () => {
  const entry = (key: string) => ({ key: new TextEncoder().encode(key), value: new Uint8Array() });
  assert.throws(() => encodeTable([entry('b'), entry('a')]), /must be sorted and differ/);
  assert.throws(() => encodeTable([entry('a'), entry('a')]), /must be sorted and differ/);
});
