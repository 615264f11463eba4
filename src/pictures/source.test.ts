import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inTemporaryFolder } from '../testing/examples.ts';
import { needsPermissions, restricted } from '../testing/other-user.ts';
import { writeIn } from '../testing/pictures.ts';
import { parseCsv } from './csv.ts';
import { findPictures, type PictureSource } from './source.ts';

/** Finds the pictures of a folder with these files. Their contents do not matter, because pictures are not read. */
async function found(folder: string, paths: readonly string[], source = folder): Promise<PictureSource> {
  for (const path of paths) writeIn(folder, path, path);
  return findPictures(source);
}

function shown({ classes, pictures }: PictureSource): readonly string[] {
  return pictures.map(({ path, label, part = '-' }) => `${path} ${classes[label]} ${part}`);
}

async function refusal(folder: string, paths: readonly string[], source = folder): Promise<string> {
  try {
    await found(folder, paths, source);
  } catch (error) {
    assert.ok(error instanceof Error && error.name === 'RunError', String(error));
    return error.message.replaceAll(folder, 'photos');
  }
  return 'accepted';
}

describe('class folders', () => {
  test('name the classes, in the order of their code points, and may have subfolders', () =>
    inTemporaryFolder(async (folder) => {
      const source = await found(folder, [
        'zebra/1.jpg',
        'Zebra/2.jpg',
        'Katze, grün/1 2.jpg',
        '🦊/ü.jpg',
        '\uffee/x.jpg',
        'zebra/2024/06/3.jpg',
        '.git/config',
        'zebra/.DS_Store',
        'zebra/Thumbs.db',
      ]);
      assert.deepEqual(source.classes, ['Katze, grün', 'Zebra', 'zebra', '\uffee', '🦊']);
      assert.deepEqual(shown(source), [
        'Katze, grün/1 2.jpg Katze, grün -',
        'Zebra/2.jpg Zebra -',
        'zebra/1.jpg zebra -',
        'zebra/2024/06/3.jpg zebra -',
        '\uffee/x.jpg \uffee -',
        '🦊/ü.jpg 🦊 -',
      ]);
      assert.deepEqual(source.skipped, []);
    }));

  test('may be in folders for training, validation and test, whose names may be stored in another Unicode form', () =>
    inTemporaryFolder(async (folder) => {
      const source = await found(folder, [
        'train/café/1.jpg',
        'train/b/1.jpg',
        'test/cafe\u0301/2.jpg',
        'valid/b/3.jpg',
        'notes/b/4.jpg',
        'readme.txt',
      ]);
      assert.deepEqual(shown(source), [
        'test/cafe\u0301/2.jpg café test',
        'train/b/1.jpg b train',
        'train/café/1.jpg café train',
        'valid/b/3.jpg b validation',
      ]);
      assert.deepEqual(
        source.skipped.map(({ path }) => path),
        ['notes', 'readme.txt'],
      );
    }));

  test('may be called train if they contain pictures', () =>
    inTemporaryFolder(async (folder) => {
      assert.deepEqual((await found(folder, ['train/1.jpg', 'plane/1.jpg'])).classes, ['plane', 'train']);
    }));

  test(
    'may contain links to files inside the folder, and no others',
    { skip: process.platform === 'win32' },
    () =>
      inTemporaryFolder(async (folder) => {
        writeIn(folder, 'secret.txt', 'secret');
        const photos = join(folder, 'photos');
        mkdirSync(join(photos, 'a'), { recursive: true });
        const link = (name: string, target: string) => symlinkSync(target, join(photos, name));
        link('a/inside.jpg', '../b/1.jpg');
        link('a/outside.jpg', join(folder, 'secret.txt'));
        link('a/broken.jpg', 'nothing');
        link('a/loop', '..');
        link('c', folder);
        const source = await found(photos, ['a/1.jpg', 'b/1.jpg']);
        assert.deepEqual(
          source.pictures.map(({ path }) => path),
          ['a/1.jpg', 'a/inside.jpg', 'b/1.jpg'],
        );
        assert.deepEqual(source.skipped.map(({ path, reason }) => `${path}: ${reason}`).sort(), [
          'a/broken.jpg: a broken symbolic link',
          'a/loop: a symbolic link to a folder',
          'a/outside.jpg: a symbolic link out of the folder',
          'c: a symbolic link out of the folder',
        ]);
      }),
  );

  const refusals: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an empty folder', [], /^photos: the folder is empty; expected a folder of pictures for each class/],
    ['pictures without folders', ['1.jpg', '2.jpg'], /^photos: found 2 files, but no folders; expected /],
    ['one class', ['cat/1.jpg'], /^photos: found one class \(cat\), expected at least 2, /],
    [
      'the parent of the folder',
      ['photos/cat/1.jpg', 'photos/dog/1.jpg'],
      /found one class \(photos\).*\. photos contains 2 folders; are they the classes\?$/,
    ],
    [
      'an unknown class in the test folder',
      ['train/a/1.jpg', 'train/b/1.jpg', 'test/c/1.jpg'],
      /^photos\/test\/c: the training pictures have no class "c"; their classes are a and b$/,
    ],
    [
      'a name with a line break',
      ['a/1.jpg', 'b\nc/1.jpg'],
      /the name of the class "b\\nc" contains a control character/,
    ],
    [
      'more than 1,000 classes',
      Array.from({ length: 1001 }, (_, index) => `${index}/1.jpg`),
      /^photos: found 1,001 classes, expected at most 1,000$/,
    ],
  ];
  for (const [what, paths, message] of refusals)
    test(`${what} is refused`, () =>
      inTemporaryFolder(async (folder) => assert.match(await refusal(folder, paths), message)));

  test('without pictures are refused', () =>
    inTemporaryFolder(async (folder) => {
      mkdirSync(join(folder, 'empty'));
      assert.equal(
        await refusal(folder, ['a/1.jpg', 'b/1.jpg']),
        'photos: the class folder empty contains no pictures; add pictures, or remove the folder',
      );
    }));

  test(
    'that cannot be read are refused, and so are those whose files cannot be found',
    needsPermissions,
    () =>
      inTemporaryFolder(async (folder) => {
        for (const [mode, message] of [
          [0o000, /^photos\/b: the folder cannot be read \(EACCES.*\)\. Nothing was imported$/],
          [
            0o444,
            /^photos: the class folder b contains no pictures that can be used \(b\/1\.jpg: cannot be read \(EACCES/,
          ],
        ] as const) {
          for (const name of ['a', 'b']) writeIn(folder, `${name}/1.jpg`, '');
          chmodSync(join(folder, 'b'), mode);
          assert.match(await restricted(folder, () => refusal(folder, [])), message);
          chmodSync(join(folder, 'b'), 0o700);
        }
      }),
  );

  test('whose names are not UTF-8 are refused', { skip: process.platform !== 'linux' }, () =>
    inTemporaryFolder(async (folder) => {
      writeIn(folder, 'a/1.jpg', '');
      const name = Buffer.concat([Buffer.from(`${folder}/b`), Buffer.of(0xff)]);
      mkdirSync(name);
      assert.equal(
        await refusal(folder, []),
        'photos/b\ufffd: the folder has a name that is not UTF-8; rename it. Nothing was imported',
      );
      rmSync(name, { recursive: true });
      writeIn(folder, 'b/1.jpg', '');
      writeFileSync(Buffer.concat([Buffer.from(`${folder}/b/`), Buffer.of(0xff)]), '');
      const { skipped } = await found(folder, []);
      assert.deepEqual(skipped, [{ path: 'b/\ufffd', reason: 'has a name that is not UTF-8; rename it' }]);
    }),
  );

  test('a missing folder is reported', async () => {
    await assert.rejects(findPictures('/nowhere/photos'), {
      name: 'RunError',
      message: /^\/nowhere\/photos: does not exist; expected a folder .* or a CSV file/,
    });
  });
});

describe('a list of pictures', () => {
  const files = ['cats/1.jpg', 'dogs/the "big", red one.jpg', '7.jpg'];
  const listed = async (folder: string, text: string) => {
    writeIn(folder, 'list.csv', text);
    return found(folder, files, join(folder, 'list.csv'));
  };

  test('has paths and labels, and may have a header, splits, quotes and other separators', () =>
    inTemporaryFolder(async (folder) => {
      const quoted = '"dogs/the ""big"", red one.jpg"';
      for (const text of [
        `cats/1.jpg,cat\n${quoted},Hündin\n`,
        `\ufeffpath,label\r\ncats/1.jpg,cat\r\n\r\n${quoted},Hu\u0308ndin`,
        `Label;Filename\ncat;./cats/1.jpg\nHündin;${quoted}\n`,
      ]) {
        const source = await listed(folder, text);
        assert.deepEqual(source.classes, ['Hündin', 'cat']);
        assert.equal(source.pictures.length, 2);
      }
      const split = await listed(
        folder,
        `path,label,split\ncats/1.jpg,cat,train\n${quoted},dog,\n7.jpg,cat,test\n`,
      );
      assert.deepEqual(shown(split), [
        '7.jpg cat test',
        'cats/1.jpg cat train',
        'dogs/the "big", red one.jpg dog -',
      ]);
    }));

  test('may name missing files, which are reported, and a picture twice', () =>
    inTemporaryFolder(async (folder) => {
      const source = await listed(folder, '7.jpg,a\n7.jpg,a\ncats/1.jpg,b\nno.jpg,b\ncats,b\n');
      assert.equal(source.pictures.length, 2);
      assert.deepEqual(source.skipped, [
        { path: 'no.jpg', reason: 'does not exist' },
        { path: 'cats', reason: 'not a regular file' },
      ]);
    }));

  test('may be written on Windows, and may have spaces around quotes', () =>
    inTemporaryFolder(async (folder) => {
      const source = await listed(folder, 'cats\\1.jpg, "a, b" ,train\n.\\7.jpg,c\n');
      assert.deepEqual(source.classes, ['a, b', 'c']);
      assert.deepEqual(shown(source), ['./7.jpg c -', 'cats/1.jpg a, b train']);
    }));

  test('may name a picture by different paths, which is used once', () =>
    inTemporaryFolder(async (folder) => {
      const absolute = join(folder, 'cats/1.jpg');
      const source = await listed(folder, `cats/1.jpg,a\n./cats/../cats/1.jpg,a\n${absolute},a\n7.jpg,b\n`);
      assert.deepEqual(shown(source), ['7.jpg b -', 'cats/1.jpg a -']);
    }));

  const refusals: readonly (readonly [string, RegExp])[] = [
    ['path,label\n', /^photos\/list\.csv: found a header, but no pictures; expected rows of path,label$/],
    ['7.jpg,a\n./7.jpg,b\n', /^photos\/list\.csv:2: "7\.jpg" is "b", but on line 1 it is "a"$/],
    [
      'file,tag\n7.jpg,a\ncats/1.jpg,b\n',
      /no picture of the class "tag" exists; .*\. If the first row is a header, its columns must be called path and label$/,
    ],
    [
      '7.jpg,a,test\ncats/1.jpg,b,train\n',
      /^photos\/list\.csv: the class "a" has no training picture; give some of its rows the split train$/,
    ],
    ['', /^photos\/list\.csv: the list is empty; expected rows of path,label$/],
    ['7.jpg\n', /^photos\/list\.csv:1: found 1 column, expected path,label or path,label,split$/],
    ['path,label\n7.jpg,a,b\n', /^photos\/list\.csv:2: found 3 columns, expected 2 columns; quote fields/],
    ['7.jpg,a\n7.jpg,b\n', /^photos\/list\.csv:2: "7\.jpg" is "b", but on line 1 it is "a"$/],
    ['7.jpg,a\n,b\n', /^photos\/list\.csv:2: the path is empty$/],
    ['7.jpg,a\ncats/1.jpg, \n', /^photos\/list\.csv:2: the label is empty$/],
    ['7.jpg,a,no\ncats/1.jpg,b,test\n', /^photos\/list\.csv:1: the split is "no", expected train, /],
    ['7.jpg,"a\ncats/1.jpg,b\n', /^photos\/list\.csv:1: a quoted field has no closing quote$/],
    ['7.jpg,"a"x\n', /^photos\/list\.csv:1: found text after a quoted field/],
    ['7.jpg,a\ncats/1.jpg,a\n', /^photos\/list\.csv: found one class \(a\), expected at least 2/],
    ['x.jpg,a\ny.jpg,b\n', /none of its 2 files can be read; the first is "x\.jpg", which does not exist/],
    ['7.jpg,a\ny.jpg,b\n', /no picture of the class "b" exists; correct its paths, or remove its rows$/],
    ['7.jpg,\ud800\n', /^photos\/list\.csv: found one class/],
  ];
  for (const [text, message] of refusals)
    test(`${JSON.stringify(text)} is refused`, () =>
      inTemporaryFolder(async (folder) => {
        writeIn(folder, 'list.csv', text);
        assert.match(await refusal(folder, files, join(folder, 'list.csv')), message);
      }));

  test('a picture instead of a list is refused', () =>
    inTemporaryFolder(async (folder) => {
      writeIn(folder, 'cat.jpg', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0));
      assert.match(
        await refusal(folder, [], join(folder, 'cat.jpg')),
        /cat\.jpg: the list is not UTF-8 text; expected a folder of class folders, or a CSV file/,
      );
    }));

  test('a field may contain line breaks, and the lines after it are counted correctly', () => {
    assert.deepEqual(parseCsv('"a\nb",1\nc,2', 'x'), [
      { line: 1, fields: ['a\nb', '1'] },
      { line: 3, fields: ['c', '2'] },
    ]);
  });
});
