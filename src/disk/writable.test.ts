import assert from 'node:assert/strict';
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder } from '../testing/examples.ts';
import { makeFolder } from './writable.ts';

test('missing parent folders are created, including those below a link to a folder', () =>
  inTemporaryFolder(async (folder) => {
    await makeFolder(join(folder, 'a', 'b'), 'trainDir');
    symlinkSync(join(folder, 'a'), join(folder, 'link'));
    await makeFolder(join(folder, 'link', 'c'), 'trainDir');
    assert.ok(existsSync(join(folder, 'a', 'b')) && existsSync(join(folder, 'a', 'c')));
  }));

test('the error for a dangling link contains its path', () =>
  inTemporaryFolder(async (folder) => {
    symlinkSync('/nowhere/at/all', join(folder, 'link'));
    for (const path of [join(folder, 'link'), join(folder, 'link', 'below')])
      await assert.rejects(
        makeFolder(path, 'trainDir'),
        /cannot be written \(.*link is a symbolic link to \/nowhere\/at\/all, which does not exist\)/,
      );
  }));
