import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { maskedCrc32c } from '../crc32c.ts';
import { type FileRecord, frameRecord, readRecords } from './record-file.ts';

let dir = '';
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'cifar10-records-'));
});
after(() => rm(dir, { recursive: true }));

async function recordsOf(path: string, from = 0): Promise<readonly FileRecord[]> {
  const records: FileRecord[] = [];
  for await (const record of readRecords(path, { from })) records.push(record);
  return records;
}

const text = (value: string) => new TextEncoder().encode(value);
const first = frameRecord(text('first'));
const second = frameRecord(text('the second'));

test('a record consists of its length, the checksum of the length, the data and the checksum of the data', () => {
  const record = frameRecord(text('123456789'));
  assert.deepEqual([...record.subarray(0, 8)], [9, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(record.subarray(12, 21), text('123456789'));
  assert.deepEqual([...record.subarray(21)], [0xe5, 0xb0, 0x8a, 0xc7]); // c78ab0e5, little-endian
});

test('records are read back in order with their positions, including empty and large ones', async () => {
  const path = join(dir, 'all');
  const large = new Uint8Array(3_000_000).map((_, i) => i % 251);
  const all = [text('first'), new Uint8Array(0), large, text('last')];
  await writeFile(path, Buffer.concat(all.map(frameRecord)));
  const records = await recordsOf(path);
  assert.deepEqual(
    records.map(({ data }) => data),
    all,
  );
  assert.deepEqual(
    records.map(({ start, end }) => [start, end]),
    [
      [0, 21],
      [21, 37],
      [37, 3_000_053],
      [3_000_053, 3_000_073],
    ],
  );
  assert.deepEqual(await recordsOf(path, 3_000_053), records.slice(-1));
});

test('the complete records of a truncated file are read', async () => {
  const path = join(dir, 'cut');
  const bytes = Buffer.concat([first, second]);
  for (let length = 0; length < bytes.length; length++) {
    await writeFile(path, bytes.subarray(0, length));
    assert.equal((await recordsOf(path)).length, length < first.length ? 0 : 1, `${length} bytes`);
  }
});

test('reading a file that has grown can continue after the last complete record', async () => {
  const path = join(dir, 'grows');
  await writeFile(path, Buffer.concat([first, second.subarray(0, 13)]));
  const [record] = await recordsOf(path);
  await appendFile(path, second.subarray(13));
  const more = await recordsOf(path, record?.end);
  assert.deepEqual(
    more.map(({ data }) => new TextDecoder().decode(data)),
    ['the second'],
  );
});

test('a change of any byte is detected', async () => {
  const path = join(dir, 'flipped');
  const bytes = Buffer.concat([first, second]);
  for (let at = 0; at < bytes.length; at++) {
    const flipped = Uint8Array.from(bytes);
    flipped[at] = (flipped[at] as number) ^ 0x10;
    await writeFile(path, flipped);
    await assert.rejects(recordsOf(path), /has checksum .*the file is damaged/, `byte ${at}`);
  }
});

test('an error about damage contains the file, the byte and the checksums', async () => {
  const path = join(dir, 'damaged');
  const damaged = Uint8Array.from(second);
  damaged[12] = 0;
  await writeFile(path, Buffer.concat([first, damaged]));
  await assert.rejects(recordsOf(path), {
    name: 'RunError',
    message:
      `${path}: byte ${first.length + 12}: data of a record (10 bytes) has checksum eee50a84, expected 7865efe5; ` +
      'the file is damaged. Move it away to read the other files.',
  });
  await writeFile(path, new Uint8Array(100)); // a power failure can leave such a file
  await assert.rejects(recordsOf(path), /: byte 0: length of a record \(8 bytes\) has checksum /);
});

test('no memory is allocated for a length beyond the end of the file', async () => {
  const path = join(dir, 'long');
  const promise = frameRecord(new Uint8Array(0)).slice(0, 12);
  new DataView(promise.buffer).setBigUint64(0, 1n << 60n, true);
  new DataView(promise.buffer).setUint32(8, maskedCrc32c(promise.subarray(0, 8)), true);
  await writeFile(path, Buffer.concat([first, promise]));
  assert.equal((await recordsOf(path)).length, 1);
});

test('the error for a missing file contains its path', async () => {
  const path = join(dir, 'missing');
  await assert.rejects(recordsOf(path), {
    name: 'RunError',
    message: `cannot read ${path}: ENOENT: no such file or directory, open '${path}'. Check that it exists and is readable.`,
  });
});
