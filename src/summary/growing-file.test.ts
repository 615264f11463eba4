import assert from 'node:assert/strict';
import fs from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { GrowingFile } from './growing-file.ts';

test('a piece that was written only in part is written again at the same position', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'cifar10-growing-'));
  t.after(() => rm(dir, { recursive: true }));
  const file = new GrowingFile(join(dir, 'file'));
  file.append(Uint8Array.of(1, 2));

  const { writeSync } = fs;
  let calls = 0;
  // The disk accepts two bytes of what follows, and then it is full.
  t.mock.method(
    fs,
    'writeSync',
    (descriptor: number, bytes: Uint8Array, from: number, _length: number, at: number) => {
      calls += 1;
      if (calls > 1) throw new Error('ENOSPC: no space left on device, write');
      return writeSync(descriptor, bytes, from, 2, at);
    },
  );
  syncBuiltinESMExports();
  assert.throws(() => file.append(Uint8Array.of(3, 4, 5)), /ENOSPC/);
  t.mock.restoreAll();
  syncBuiltinESMExports();
  assert.deepEqual([...(await readFile(file.path))], [1, 2, 3, 4]);
  assert.equal(file.size, 2);

  file.append(Uint8Array.of(3, 4, 5, 6));
  file.close();
  assert.deepEqual([...(await readFile(file.path))], [1, 2, 3, 4, 5, 6]);
  assert.equal(file.size, 6);
});

test('an existing file is left unchanged', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'cifar10-growing-'));
  t.after(() => rm(dir, { recursive: true }));
  const file = new GrowingFile(join(dir, 'file'));
  file.append(Uint8Array.of(1));
  file.close();
  assert.throws(() => new GrowingFile(file.path), /EEXIST/);
  assert.deepEqual([...(await readFile(file.path))], [1]);
});

test('a file without a complete piece is removed', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'cifar10-growing-'));
  t.after(() => rm(dir, { recursive: true }));
  new GrowingFile(join(dir, 'file')).close();
  assert.deepEqual(await readdir(dir), []);
});
