import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder } from '../testing/examples.ts';
import { lockFolder } from './lock.ts';

test('a folder is taken once, and free again when it is given back', () =>
  inTemporaryFolder(async (folder) => {
    const dir = join(folder, 'run');
    const release = await lockFolder(dir);
    await assert.rejects(
      lockFolder(dir),
      /process \d+ on .* is training there\. Stop it, or give another --train-dir/,
    );
    await release();
    await (await lockFolder(dir))();
    assert.equal(existsSync(join(dir, 'lock')), false);
  }));

test('the lock of a process that is gone is taken over', () =>
  inTemporaryFolder(async (folder) => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: child.pid, host: hostname(), started: '1' }));
    await (await lockFolder(folder))();
  }));

test('so is that of a process whose number somebody else has now, and a half-written one', () =>
  inTemporaryFolder(async (folder) => {
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: process.pid, host: hostname(), started: '1' }));
    await (await lockFolder(folder))();
    writeFileSync(join(folder, 'lock'), '{"pid":');
    await (await lockFolder(folder))();
  }));

test('a lock of another machine is respected, for nobody here can tell', () =>
  inTemporaryFolder(async (folder) => {
    writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: 1, host: 'elsewhere', started: '1' }));
    await assert.rejects(lockFolder(folder), /process 1 on elsewhere is training there/);
  }));

test('a folder that is a file is refused', () =>
  inTemporaryFolder(async (folder) => {
    writeFileSync(join(folder, 'file'), 'text');
    await assert.rejects(
      lockFolder(join(folder, 'file')),
      /file: cannot be written .*Give another --train-dir/,
    );
  }));
