import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { float32, type Tensor } from '../tensor/tensor.ts';
import { decodeSafetensors, encodeSafetensors } from './safetensors.ts';

/** A file that the Python package safetensors 0.8.0 wrote, with four element types, a scalar and metadata. */
const writtenByPython =
  'KAEAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJtYWRlIGJ5Ijoic2FmZXRlbnNvcnMgMC44LjAifSwic3RlcCI6eyJkdHlwZSI6Ikk2NCIs' +
  'InNoYXBlIjpbXSwiZGF0YV9vZmZzZXRzIjpbMCw4XX0sImNvbnYxL3dlaWdodHMiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzIsM10s' +
  'ImRhdGFfb2Zmc2V0cyI6WzgsMzJdfSwibGFiZWxzIjp7ImR0eXBlIjoiSTMyIiwic2hhcGUiOlsyXSwiZGF0YV9vZmZzZXRzIjpbMzIs' +
  'NDBdfSwibWFzayI6eyJkdHlwZSI6IkJPT0wiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOls0MCw0M119fSAgICAgIAcAAAAAAAAA' +
  'AAAAAAAAAD8AAIA/AADAPwAAAEAAACBAAwAAAP////8BAAE=';

const inThatFile = new Map<string, Tensor>([
  ['step', { dtype: 'int64', shape: [], data: BigInt64Array.of(7n) }],
  ['conv1/weights', float32([2, 3], [0, 0.5, 1, 1.5, 2, 2.5])],
  ['labels', { dtype: 'int32', shape: [2], data: Int32Array.of(3, -1) }],
  ['mask', { dtype: 'bool', shape: [3], data: Uint8Array.of(1, 0, 1) }],
]);

test('a file of the Python package is decoded, and gives the same bytes when it is encoded again', () => {
  const bytes = new Uint8Array(Buffer.from(writtenByPython, 'base64'));
  const { tensors, metadata } = decodeSafetensors(bytes, 'python.safetensors');
  assert.deepEqual(tensors, inThatFile);
  assert.deepEqual(metadata, { 'made by': 'safetensors 0.8.0' });
  assert.deepEqual(encodeSafetensors(inThatFile, metadata), bytes);
});

test('a file in the middle of a larger buffer is decoded', () => {
  const bytes = encodeSafetensors(inThatFile, {});
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  assert.deepEqual(decodeSafetensors(shifted.subarray(3), 'x').tensors, inThatFile);
});

const anyName = fc.string({ unit: 'grapheme' }).filter((name) => name !== '__metadata__');
const anyShape = fc.array(fc.nat(3), { maxLength: 3 });
const anyTensor = anyShape.chain((shape): fc.Arbitrary<Tensor> => {
  const size = shape.reduce((product, axis) => product * axis, 1);
  const exactly = { minLength: size, maxLength: size };
  return fc.oneof(
    fc.float32Array(exactly).map((data): Tensor => ({ dtype: 'float32', shape, data })),
    fc.int32Array(exactly).map((data): Tensor => ({ dtype: 'int32', shape, data })),
    fc.bigInt64Array(exactly).map((data): Tensor => ({ dtype: 'int64', shape, data })),
    fc.uint8Array({ ...exactly, max: 1 }).map((data): Tensor => ({ dtype: 'bool', shape, data })),
  );
});

test('decoding an encoded file gives the same values, and its payload starts at a multiple of 8', () => {
  const tensors = fc.array(fc.tuple(anyName, anyTensor)).map((entries) => new Map(entries));
  const metadata = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }));
  const roundTrip = fc.property(tensors, metadata, (written, notes) => {
    const bytes = encodeSafetensors(written, notes);
    const read = decodeSafetensors(bytes, 'x');
    assert.equal(new DataView(bytes.buffer).getUint32(0, true) % 8, 0);
    assert.deepEqual([...read.tensors].sort(byName), [...written].sort(byName));
    assert.deepEqual(Object.entries(read.metadata).sort(byName), Object.entries(notes).sort(byName));
  });
  fc.assert(roundTrip, { numRuns: 200 });
});

test('names that are special in JavaScript objects are stored like any other', () => {
  const tensors = new Map(['__proto__', '7', 'constructor'].map((name, at) => [name, float32([1], [at])]));
  const read = decodeSafetensors(encodeSafetensors(tensors, { ['__proto__']: 'x', 7: 'y' }), 'x');
  assert.deepEqual(read.tensors, tensors);
  assert.deepEqual(Object.entries(read.metadata).sort(byName), [
    ['7', 'y'],
    ['__proto__', 'x'],
  ]);
});

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : Number(a > b);
}

/** Makes a file with the given header and the given number of payload bytes. */
function file(header: string | Uint8Array, payloadBytes: number): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + payloadBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

function entry(
  begin: number,
  end: number,
  shape: unknown = [(end - begin) / 4],
  dtype: unknown = 'F32',
): string {
  return JSON.stringify({ dtype, shape, data_offsets: [begin, end] });
}

const damaged: readonly { what: string; bytes: Uint8Array; message: string }[] = [
  {
    what: 'fewer than 8 bytes',
    bytes: new Uint8Array(7),
    message: 'bad: too short for a safetensors file: found 7 bytes, expected at least 8',
  },
  {
    what: 'a header longer than the format allows',
    bytes: Uint8Array.of(1, 0xe1, 0xf5, 5, 0, 0, 0, 0),
    message:
      'bad: the header is too long: found 100000001 bytes, expected at most 100000000; the file is damaged or not safetensors',
  },
  {
    what: 'a header longer than the file',
    bytes: Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d),
    message: 'bad: the header is incomplete: expected 9 bytes, found 2; the file was cut short',
  },
  {
    what: 'a header that is not JSON',
    bytes: file('{"a": }', 0),
    message:
      'bad: the header is not JSON in UTF-8 (Unexpected token \'}\', "{"a": }" is not valid JSON); the file is damaged',
  },
  {
    what: 'a header that is not UTF-8',
    bytes: file(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), 0),
    message:
      'bad: the header is not JSON in UTF-8 (The encoded data was not valid for encoding utf-8); the file is damaged',
  },
  {
    what: 'a header that is not an object',
    bytes: file('[]', 0),
    message: 'bad: the header is not a JSON object starting with "{"; the file is damaged',
  },
  {
    what: 'a header that begins with a space',
    bytes: file(' {}', 0),
    message: 'bad: the header is not a JSON object starting with "{"; the file is damaged',
  },
  {
    what: 'the same name for two tensors',
    bytes: file(`{"a": ${entry(0, 4)}, "\\u0061": ${entry(4, 8)}}`, 8),
    message: 'bad: the header contains the key "a" twice',
  },
  {
    what: 'a duplicate key in a tensor',
    bytes: file('{"a": {"dtype": "F32", "shape": [1], "shape": [], "data_offsets": [0, 4]}}', 4),
    message: 'bad: the header contains the key "shape" twice',
  },
  {
    what: 'a tensor that is not an object',
    bytes: file('{"a": 5}', 0),
    message: 'bad: tensor "a": expected an object, found 5',
  },
  {
    what: 'an unknown element type',
    bytes: file(`{"a": ${entry(0, 2, [1], 'BF16')}}`, 2),
    message: 'bad: tensor "a": unsupported dtype: found BF16, expected one of F32, F16, I32, I64, BOOL, U8',
  },
  {
    what: 'a shape with a fraction',
    bytes: file(`{"a": ${entry(0, 4, [1.5])}}`, 4),
    message: 'bad: tensor "a": shape: expected a list of whole numbers, found [1.5]',
  },
  {
    what: 'no shape',
    bytes: file('{"a": {"dtype": "F32", "data_offsets": [0, 4]}}', 4),
    message: 'bad: tensor "a": shape: expected a list of whole numbers, found nothing',
  },
  {
    what: 'offsets in the wrong order',
    bytes: file(`{"a": ${entry(4, 0, [1])}}`, 4),
    message: 'bad: tensor "a": data_offsets: expected [begin, end], found [4,0]',
  },
  {
    what: 'three offsets',
    bytes: file('{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4, 8]}}', 4),
    message: 'bad: tensor "a": data_offsets: expected [begin, end], found [0,4,8]',
  },
  {
    what: 'a shape that does not fit its offsets',
    bytes: file(`{"a": ${entry(0, 8, [3])}}`, 8),
    message: 'bad: tensor "a": F32 [3] takes 12 bytes, but data_offsets [0, 8] have 8',
  },
  {
    what: 'a shape so large that its product is inexact',
    bytes: file(`{"a": ${entry(0, 8, [2 ** 40, 2 ** 40])}}`, 8),
    message:
      'bad: tensor "a": F32 [1099511627776, 1099511627776] takes 4.835703278458517e+24 bytes, but data_offsets [0, 8] have 8',
  },
  {
    what: 'a gap',
    bytes: file(`{"a": ${entry(0, 4)}, "b": ${entry(8, 12)}}`, 12),
    message: 'bad: tensor "b" begins at byte 8 of the payload, leaving a gap after byte 4',
  },
  {
    what: 'overlapping tensors',
    bytes: file(`{"b": ${entry(4, 12)}, "a": ${entry(0, 8)}}`, 12),
    message: 'bad: tensor "b" begins at byte 4 of the payload, overlapping the tensor that ends at byte 8',
  },
  {
    what: 'a payload that is too short',
    bytes: file(`{"a": ${entry(0, 8)}}`, 7),
    message: 'bad: the payload has 7 bytes, but its tensors need 8; the file was cut short',
  },
  {
    what: 'bytes after the last tensor',
    bytes: file(`{"a": ${entry(0, 8)}}`, 9),
    message: 'bad: 1 bytes follow the last tensor; the file is damaged',
  },
  {
    what: 'metadata that is not an object',
    bytes: file('{"__metadata__": ["a"]}', 0),
    message: 'bad: __metadata__: expected an object of strings, found ["a"]',
  },
  {
    what: 'metadata that is not a string',
    bytes: file('{"__metadata__": {"seed": 1}}', 0),
    message: 'bad: __metadata__ "seed": expected a string, found 1',
  },
  {
    what: 'a boolean that is neither 0 nor 1',
    bytes: file(`{"a": ${entry(0, 1, [1], 'BOOL')}}`, 1).fill(2, -1),
    message: 'bad: tensor "a": BOOL bytes must be 0 or 1, found 2',
  },
];

for (const { what, bytes, message } of damaged) {
  test(`a file with ${what} is refused`, () => {
    assert.throws(() => decodeSafetensors(bytes, 'bad'), { name: 'RunError', message });
  });
}

test('tensors that the format cannot represent are not written', () => {
  assert.throws(() => encodeSafetensors(new Map([['__metadata__', float32([], [1])]]), {}), {
    name: 'RangeError',
    message: 'no tensor can be named __metadata__',
  });
  const short: Tensor = { dtype: 'float32', shape: [2], data: new Float32Array(1) };
  assert.throws(() => encodeSafetensors(new Map([['a', short]]), {}), {
    message: 'tensor "a" is float32 [2], so it needs 2 values, found 1',
  });
});
