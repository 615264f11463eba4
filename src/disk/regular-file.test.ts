import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, readFileSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder } from '../testing/examples.ts';
import {
  openForAppendSync,
  openRegularFileSync,
  readRegularFile,
  readRegularFileSync,
} from './regular-file.ts';

const skip = process.platform === 'win32' && 'no FIFOs, and links need a privilege';

test('a regular file is read', () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, 'file');
    writeFileSync(path, 'text');
    assert.equal(String(await readRegularFile(path)), 'text');
    assert.equal(String(readRegularFileSync(path)), 'text');
    await assert.rejects(readRegularFile(join(folder, 'other')), { code: 'ENOENT' });
  }));

test('a link is followed for reading, unless links are refused', { skip }, () =>
  inTemporaryFolder(async (folder) => {
    const link = join(folder, 'link');
    writeFileSync(join(folder, 'file'), 'text');
    symlinkSync('file', link);
    assert.equal(String(await readRegularFile(link)), 'text');
    const message = 'is a symbolic link, not a regular file';
    await assert.rejects(readRegularFile(link, { links: 'refuse' }), { message });
    assert.throws(() => openRegularFileSync(link, { links: 'refuse' }), { message });
  }),
);

test('FIFOs, devices and folders are refused without blocking, for reading and appending', { skip }, () =>
  inTemporaryFolder(async (folder) => {
    const fifo = join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    for (const [path, kind] of [
      [fifo, /FIFO/],
      ['/dev/zero', /device/],
      [folder, /is a folder|EISDIR/],
    ] as const) {
      await assert.rejects(readRegularFile(path), kind);
      assert.throws(() => readRegularFileSync(path), kind);
      assert.throws(() => openForAppendSync(path), kind);
    }
  }),
);

test('a file larger than the maximum is not read', () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, 'file');
    writeFileSync(path, new Uint8Array(2000));
    await assert.rejects(readRegularFile(path, { maximumBytes: 1999 }), {
      message: 'is too large: found 2,000 bytes, expected at most 1,999',
    });
  }));

test('appending creates a missing file, and never writes through a link', { skip }, () =>
  inTemporaryFolder(async (folder) => {
    const path = join(folder, 'file');
    for (const text of ['a', 'b']) {
      const descriptor = openForAppendSync(path);
      writeSync(descriptor, text);
      closeSync(descriptor);
    }
    assert.equal(readFileSync(path, 'utf8'), 'ab');
    mkdirSync(join(folder, 'run'));
    const link = join(folder, 'run', 'link');
    symlinkSync(join('..', 'file'), link);
    assert.throws(() => openForAppendSync(link), /symbolic link/);
    assert.equal(readFileSync(path, 'utf8'), 'ab');
  }),
);
