import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inTemporaryFolder } from '../testing/examples.ts';
import { isLockLeftover, type LockPurpose, lockFolder as lock, waitForFolder } from './lock.ts';

const purpose: LockPurpose = { file: 'lock', doing: 'is training there', option: 'trainDir' };
const lockFolder = (dir: string) => lock(dir, purpose);

// These tests run concurrently, because most of them wait for seconds.
describe('the lock of a folder', { concurrency: true }, () => {
  test('a folder can be locked only once until it is released', () =>
    inTemporaryFolder(async (folder) => {
      const dir = join(folder, 'run');
      const release = await lockFolder(dir);
      await assert.rejects(
        lockFolder(dir),
        /process \d+ on .* is training there\. Stop it, or use another `trainDir`/,
      );
      await release();
      await (await lockFolder(dir))();
      assert.equal(existsSync(join(dir, 'lock')), false);
    }));

  test('the lock of a dead process is taken over', () =>
    inTemporaryFolder(async (folder) => {
      const child = spawn(process.execPath, ['-e', '']);
      await once(child, 'exit');
      writeFileSync(join(folder, 'lock'), JSON.stringify({ pid: child.pid, host: hostname(), started: '1' }));
      await (await lockFolder(folder))();
    }));

  test('the lock of a process whose PID was reused is taken over, and so is a half-written lock', () =>
    inTemporaryFolder(async (folder) => {
      writeFileSync(
        join(folder, 'lock'),
        JSON.stringify({ pid: process.pid, host: hostname(), started: '1' }),
      );
      await (await lockFolder(folder))();
      writeFileSync(join(folder, 'lock'), '{"pid":');
      await (await lockFolder(folder))();
      assert.deepEqual(readdirSync(folder), []);
    }));

  const elsewhere = {
    pid: process.pid,
    host: hostname(),
    started: '1',
    boot: 'of another machine',
    pidNamespace: 'pid:[1]',
    token: 'another',
  };

  test('a lock of another host, or of a container with the same host name, is respected while it is renewed', () =>
    inTemporaryFolder(async (folder) => {
      const path = join(folder, 'lock');
      writeFileSync(path, JSON.stringify(elsewhere));
      const renewing = setInterval(() => utimesSync(path, new Date(), new Date()), 1000);
      try {
        await assert.rejects(lockFolder(folder), /process \d+ on .* is training there/);
        assert.equal(readFileSync(path, 'utf8'), JSON.stringify(elsewhere));
      } finally {
        clearInterval(renewing);
      }
    }));

  test(
    'the lock of a killed process is taken over, even if its parent has not noticed the end',
    {
      skip: process.platform !== 'linux' && 'there is no /proc',
    },
    () =>
      inTemporaryFolder(async (folder) => {
        // The parent is replaced by a program that never waits for its children.
        const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], {
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        try {
          const [line] = await once(parent.stdout, 'data');
          const pid = Number(line);
          const started = readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[21];
          writeFileSync(join(folder, 'lock'), JSON.stringify({ pid, host: hostname(), started }));
          await assert.rejects(lockFolder(folder), /process \d+ on .* is training there/);
          process.kill(pid, 'SIGKILL');
          while (!readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) await sleep(5);
          await (await lockFolder(folder))();
        } finally {
          parent.kill();
        }
      }),
  );

  for (const [when, offset] of [
    ['long ago', -60_000],
    ['in the future, by another clock', 3_600_000],
  ] as const)
    test(`a lock that is not renewed while it is watched is taken over, even if its time is ${when}`, () =>
      inTemporaryFolder(async (folder) => {
        const path = join(folder, 'lock');
        writeFileSync(path, JSON.stringify(elsewhere));
        const time = new Date(Date.now() + offset);
        utimesSync(path, time, time);
        const told: string[] = [];
        const started = performance.now();
        await (await lock(folder, purpose, { onWait: (text) => told.push(text) }))();
        assert.ok(performance.now() - started > 10_000, 'the lock was watched');
        assert.match(told.join(), /^waiting up to 15 s: .*process \d+ on /);
        assert.deepEqual(readdirSync(folder), []);
      }));

  for (const [which, offset] of [
    ['an hour behind', -3_600_000],
    ['an hour ahead', 3_600_000],
  ] as const)
    test(`a lock that is renewed by a host whose clock is ${which} is respected`, () =>
      inTemporaryFolder(async (folder) => {
        const path = join(folder, 'lock');
        writeFileSync(path, JSON.stringify(elsewhere));
        const renew = () => {
          const time = new Date(Date.now() + offset);
          utimesSync(path, time, time);
        };
        renew();
        const renewing = setInterval(renew, 3000);
        try {
          await assert.rejects(lockFolder(folder), /process \d+ on .* is training there/);
        } finally {
          clearInterval(renewing);
        }
      }));

  test('a lock that version 0.1 made on another host is respected, although that version did not renew locks', () =>
    inTemporaryFolder(async (folder) => {
      const path = join(folder, 'lock');
      writeFileSync(path, JSON.stringify({ pid: 1, host: 'elsewhere', started: '1' }));
      const longAgo = new Date(Date.now() - 60_000);
      utimesSync(path, longAgo, longAgo);
      await assert.rejects(lockFolder(folder), /process 1 on elsewhere is training there/);
    }));

  test('a holder whose lock was taken over is notified, and leaves the new lock in place', () =>
    inTemporaryFolder(async (folder) => {
      const told: string[] = [];
      const release = await lock(folder, { ...purpose, onLost: ({ message }) => told.push(message) });
      writeFileSync(join(folder, 'lock'), JSON.stringify(elsewhere));
      await sleep(4000);
      assert.equal(told.length, 1);
      assert.match(told[0] ?? '', /another process took over .*lock/);
      await release();
      assert.ok(existsSync(join(folder, 'lock')));
    }));

  test('the holder of a lock is notified when its folder is removed', () =>
    inTemporaryFolder(async (folder) => {
      const told: string[] = [];
      const dir = join(folder, 'run');
      const release = await lock(dir, { ...purpose, onLost: ({ message }) => told.push(message) });
      rmSync(dir, { recursive: true });
      await sleep(4000);
      assert.match(told.join(), /run\/lock or its folder was removed or renamed; stopping$/);
      await release();
    }));

  for (const [what, plant] of [
    ['a FIFO', (path: string) => void execFileSync('mkfifo', [path])],
    ['a symbolic link', (path: string) => symlinkSync('/etc/passwd', path)],
    ['a folder', (path: string) => void mkdirSync(path)],
  ] as const)
    test(`${what} in place of the lock is refused at once`, { skip: process.platform === 'win32' }, () =>
      inTemporaryFolder(async (folder) => {
        plant(join(folder, 'lock'));
        const started = performance.now();
        await assert.rejects(lockFolder(folder), /cannot be written \(.*lock .*Use another `trainDir`/);
        assert.ok(performance.now() - started < 5000);
      }),
    );

  test('if two processes lock a folder at the same time, one of them succeeds', () =>
    inTemporaryFolder(async (folder) => {
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => lockFolder(folder)));
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    }));

  test('files that a killed holder leaves behind are recognized by their names', () => {
    const isLeftover = (name: string) => isLockLeftover(name, purpose);
    assert.deepEqual(
      ['lock.12.0a1b2c3d', 'lock.stale.12', 'lock.stale.12.0a1b2c3d', 'lock', 'lock.txt', 'locked.1'].filter(
        isLeftover,
      ),
      ['lock.12.0a1b2c3d', 'lock.stale.12', 'lock.stale.12.0a1b2c3d'],
    );
  });

  test('a folder that is a file is refused', () =>
    inTemporaryFolder(async (folder) => {
      writeFileSync(join(folder, 'file'), 'text');
      await assert.rejects(
        lockFolder(join(folder, 'file')),
        /file: cannot be written .*Use another `trainDir`/,
      );
    }));

  test('waitForFolder locks the folder when it is released, and reports once which process it waits for', () =>
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

  test('waiting for a folder can be aborted', () =>
    inTemporaryFolder(async (folder) => {
      const release = await lockFolder(folder);
      const stop = new AbortController();
      const waiting = waitForFolder(folder, purpose, stop.signal, () => stop.abort());
      await assert.rejects(waiting, { name: 'StoppedError' });
      await release();
    }));
});
