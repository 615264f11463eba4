import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inTemporaryFolder } from '../testing/examples.ts';
import { noisePng, writeFiles } from '../testing/picture-files.ts';
import { listSources } from './sources.ts';

/** Lists sources as `kind path`, with paths relative to the folder, or with the reason. */
async function listed(folder: string, ...names: readonly string[]): Promise<readonly string[]> {
  const all = await listSources(names.map((name) => (name === '-' ? name : join(folder, name))));
  return all.map((source) => {
    const reason = 'reason' in source ? `: ${source.reason}` : '';
    return `${source.kind} ${source.name.replace(`${folder}/`, '').replace(folder, '.')}${reason}`;
  });
}

test('files are listed in the given order, and those of a folder by name, with subfolders', () =>
  inTemporaryFolder(async (folder) => {
    const png = noisePng(0);
    await writeFiles({
      [join(folder, 'b.png')]: png,
      [join(folder, 'photos/b/2.JPEG')]: png,
      [join(folder, 'photos/b/1.jpg')]: png,
      [join(folder, 'photos/a.webp')]: png,
      [join(folder, 'photos/.hidden.png')]: png,
      [join(folder, 'photos/.cache/c.png')]: png,
    });
    assert.deepEqual(await listed(folder, 'b.png', '-', 'photos', 'photos/a.webp'), [
      'picture b.png',
      'input -',
      'picture photos/a.webp',
      'picture photos/b/1.jpg',
      'picture photos/b/2.JPEG',
      'picture photos/a.webp',
    ]);
  }));

test('in a folder, a file without the ending of a picture is skipped unless its content is a picture', () =>
  inTemporaryFolder(async (folder) => {
    await writeFiles({
      [join(folder, 'labels.csv')]: 'path,label\n',
      [join(folder, 'picture')]: noisePng(0),
      [join(folder, 'drawing.svg')]: '<svg xmlns="http://www.w3.org/2000/svg"/>',
      [join(folder, 'notes.jpg')]: 'notes',
    });
    assert.deepEqual(await listed(folder, '.'), [
      'picture drawing.svg',
      'ignored labels.csv: a text file, expected JPEG, PNG, WebP, AVIF, GIF or TIFF',
      'picture notes.jpg',
      'picture picture',
    ]);
    // A file that is named is always tried.
    assert.deepEqual(await listed(folder, 'labels.csv'), ['picture labels.csv']);
  }));

test('patterns are expanded, and match folders too', () =>
  inTemporaryFolder(async (folder) => {
    const png = noisePng(0);
    await writeFiles({
      [join(folder, 'a1.jpg')]: png,
      [join(folder, 'a2.png')]: png,
      [join(folder, 'b/c/a3.jpg')]: png,
      [join(folder, 'odd[1].jpg')]: png,
    });
    assert.deepEqual(await listed(folder, '*.jpg'), ['picture a1.jpg', 'picture odd[1].jpg']);
    assert.deepEqual(await listed(folder, '**/*.{jpg,png}'), [
      'picture a1.jpg',
      'picture a2.png',
      'picture b/c/a3.jpg',
      'picture odd[1].jpg',
    ]);
    assert.deepEqual(await listed(folder, 'b*'), ['picture b/c/a3.jpg']);
    assert.deepEqual(await listed(folder, 'odd[1].jpg'), ['picture odd[1].jpg']);
    assert.deepEqual(await listed(folder, '*.tiff'), ['unreadable *.tiff: no file matches this pattern']);
  }));

test('what cannot be read is listed with the reason', () =>
  inTemporaryFolder(async (folder) => {
    mkdirSync(join(folder, 'empty/inside'), { recursive: true });
    await writeFiles({ [join(folder, 'texts/a.txt')]: 'a', [join(folder, 'a.png')]: noisePng(0) });
    assert.deepEqual(await listed(folder, 'missing.png', 'a.png/b.png', 'empty', 'texts'), [
      'unreadable missing.png: does not exist',
      'unreadable a.png/b.png: does not exist',
      'unreadable empty: the folder contains no pictures',
      'ignored texts/a.txt: a text file, expected JPEG, PNG, WebP, AVIF, GIF or TIFF',
      'unreadable texts: the folder contains no pictures',
    ]);
  }));

test(
  'a folder without read permission is listed with the reason',
  { skip: process.getuid?.() === 0 && 'root can read every folder' },
  () =>
    inTemporaryFolder(async (folder) => {
      mkdirSync(join(folder, 'closed'), { mode: 0 });
      const [found] = await listed(folder, 'closed');
      assert.match(found ?? '', /^unreadable closed: the folder cannot be listed \(EACCES/);
    }),
);

test('links to files are followed, links to folders and what is not a regular file are skipped', () =>
  inTemporaryFolder(async (folder) => {
    await writeFiles({
      [join(folder, 'elsewhere.png')]: noisePng(0),
      [join(folder, 'in/a.png')]: noisePng(1),
    });
    symlinkSync(join(folder, 'elsewhere.png'), join(folder, 'in/b.png'));
    symlinkSync(folder, join(folder, 'in/loop'));
    symlinkSync(join(folder, 'nowhere.png'), join(folder, 'in/lost.png'));
    symlinkSync(join(folder, 'in/self.png'), join(folder, 'in/self.png'));
    execFileSync('mkfifo', [join(folder, 'in/pipe.png')]);
    assert.deepEqual(await listed(folder, 'in'), [
      'picture in/a.png',
      'picture in/b.png',
      'ignored in/loop: a link to a folder, which is not followed',
      'unreadable in/lost.png: a link to a file that does not exist',
      'ignored in/pipe.png: not a regular file',
      'unreadable in/self.png: a link to a file that leads through a loop of links',
    ]);
    // A link that is named is followed.
    assert.ok((await listed(folder, 'in/loop')).includes('picture in/loop/elsewhere.png'));
  }));

test('a stop ends the listing', () =>
  inTemporaryFolder(async (folder) => {
    await writeFiles({ [join(folder, 'a/b/c.png')]: noisePng(0) });
    await assert.rejects(listSources([folder], AbortSignal.abort()), { name: 'StoppedError' });
    await assert.rejects(listSources([join(folder, '**/*.png')], AbortSignal.abort()), {
      name: 'StoppedError',
    });
  }));
