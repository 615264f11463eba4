import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder } from '../testing/examples.ts';
import { moveAside } from './move-aside.ts';

test('a folder is renamed with the first free number as a suffix, and replaced by an empty folder', () =>
  inTemporaryFolder(async (folder) => {
    const run = join(folder, 'run');
    for (const number of [1, 2]) {
      mkdirSync(run, { recursive: true });
      writeFileSync(join(run, 'file'), String(number));
      assert.equal(await moveAside(`${run}/`), `${run}.${number}`);
      assert.deepEqual(readdirSync(run), []);
    }
    assert.deepEqual(readdirSync(folder).sort(), ['run', 'run.1', 'run.2']);
  }));

test(
  'for a link, the target folder is renamed and the link is kept',
  { skip: process.platform === 'win32' },
  () =>
    inTemporaryFolder(async (folder) => {
      mkdirSync(join(folder, 'disk', 'real'), { recursive: true });
      writeFileSync(join(folder, 'disk', 'real', 'file'), '');
      const link = join(folder, 'link');
      symlinkSync(join('disk', 'real'), link);
      const moved = await moveAside(link);
      assert.ok(existsSync(join(moved, 'file')), moved);
      assert.ok(lstatSync(link).isSymbolicLink());
      assert.deepEqual(readdirSync(link), []);
      assert.deepEqual(readdirSync(join(folder, 'disk')).sort(), ['real', 'real.1']);
    }),
);

test('the contents of a mount point are moved to a folder inside it', (context) =>
  inTemporaryFolder(async (folder) => {
    const mount = join(folder, 'mount');
    mkdirSync(mount);
    if (spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', mount]).status !== 0)
      return context.skip('mounting is not permitted');
    try {
      for (const name of ['lock', 'model', 'checkpoint']) writeFileSync(join(mount, name), '');
      assert.equal(await moveAside(mount, ['lock']), join(mount, '1'));
      assert.deepEqual(readdirSync(mount).sort(), ['1', 'lock']);
      writeFileSync(join(mount, 'model'), '');
      assert.equal(await moveAside(mount, ['lock']), join(mount, '2'));
      assert.deepEqual(readdirSync(join(mount, '2')), ['model']);
    } finally {
      spawnSync('umount', [mount]);
    }
  }));
