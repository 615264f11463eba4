import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inTemporaryFolder } from '../testing/examples.ts';
import { type LockPurpose, lockFolder as lock, waitForFolder } from './lock.ts';

const purpose: LockPurpose = { file: 'lock', doing: 'is training there', flag: '--train-dir' };
const lockFolder = (dir: string) => lock(dir, purpose);

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

test('who waits for a folder gets it when it is given back, and says once for whom it waits', () =>
  inTemporaryFolder(async (folder) => {
    const release = await lockFolder(folder);
    const told: string[] = [];
    const waiting = waitForFolder(folder, purpose, undefined, (text) => told.push(text));
    await sleep(500);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /^waiting: .*process \d+ on .* is training there/);
    await release();
    await (await waiting)();
  }));

test('who waits for a folder can be told to wait no longer', () =>
  inTemporaryFolder(async (folder) => {
    const release = await lockFolder(folder);
    const stop = new AbortController();
    const waiting = waitForFolder(folder, purpose, stop.signal, () => stop.abort());
    await assert.rejects(waiting, { name: 'StoppedError' });
    await release();
  }));
