import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder } from '../testing/examples.ts';
import { readRegularFile } from './regular-file.ts';
import { makeFolder, requireWritableFile, writeAdvice } from './writable.ts';

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

test('a file that could not be written is refused with the reason', () =>
  inTemporaryFolder(async (folder) => {
    mkdirSync(join(folder, 'sub'));
    writeFileSync(join(folder, 'file'), '');
    await requireWritableFile(join(folder, 'new'));
    await requireWritableFile(join(folder, 'file'));
    for (const [path, message] of [
      ['none/of/it', /none does not exist\. Check that its folder exists\.$/],
      ['file/below', /file is a file\. Check that its folder exists\.$/],
      ['sub', /sub: it is a folder\. Move it aside\.$/],
    ] as const)
      await assert.rejects(requireWritableFile(join(folder, path)), { name: 'RunError', message });
  }));

test('the advice for a file that cannot be written depends on the reason', async () => {
  const advice = (code: string) => writeAdvice(Object.assign(new Error(code), { code }));
  assert.match(advice('ENOSPC'), /disk has room/);
  assert.match(advice('ENOENT'), /folder exists/);
  assert.match(advice('EBUSY'), /is writable and the disk has room/);
  await inTemporaryFolder(async (folder) => {
    symlinkSync('/etc/passwd', join(folder, 'link'));
    const refused = await readRegularFile(join(folder, 'link'), { links: 'refuse' }).catch(writeAdvice);
    assert.equal(refused, 'Move it aside.');
  });
});
