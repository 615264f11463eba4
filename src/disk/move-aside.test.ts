import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder } from '../testing/examples.ts';
import { moveAside } from './move-aside.ts';

test('a folder gets the first number that is free, and an empty one takes its place', () =>
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
  'of a link the folder that it names is renamed, and the link stays',
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

test('the content of a mount point moves into a folder in it', (context) =>
  inTemporaryFolder(async (folder) => {
    const place = join(folder, 'mount');
    mkdirSync(place);
    if (spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', place]).status !== 0)
      return context.skip('mounting is refused');
    try {
      for (const name of ['lock', 'model', 'checkpoint']) writeFileSync(join(place, name), '');
      assert.equal(await moveAside(place, ['lock']), join(place, '1'));
      assert.deepEqual(readdirSync(place).sort(), ['1', 'lock']);
      writeFileSync(join(place, 'model'), '');
      assert.equal(await moveAside(place, ['lock']), join(place, '2'));
      assert.deepEqual(readdirSync(join(place, '2')), ['model']);
    } finally {
      spawnSync('umount', [place]);
    }
  }));
