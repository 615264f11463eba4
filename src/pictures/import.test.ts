import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { DataEvent } from '../data/events.ts';
import { ExampleReader } from '../data/examples.ts';
import { loadExamples } from '../data/files.ts';
import { inTemporaryFolder, noiseImage } from '../testing/examples.ts';
import { needsPermissions, restricted } from '../testing/other-user.ts';
import { needsDecoder, noisePicture, plainPicture, writeClass, writeIn } from '../testing/pictures.ts';
import { importSource } from './import.ts';
import { openPictures, type PicturesRequest, pictureDefaults } from './open.ts';
import type { FoundPicture } from './source.ts';
import { divide } from './split.ts';

/** Imports pictures, and returns their description and the events. */
async function imported(request: PicturesRequest, signal?: AbortSignal) {
  const pictures = await openPictures(request);
  const events: DataEvent[] = [];
  const { dataset, already } = await pictures.provide({
    ...(signal && { signal }),
    onEvent: (event) => events.push(event),
  });
  const of = <Kind extends DataEvent['kind']>(kind: Kind) =>
    events.find((event): event is DataEvent & { readonly kind: Kind } => event.kind === kind);
  const load = (split: 'train' | 'test' | 'validation') => loadExamples(pictures.dataDir, dataset, split);
  const folder = join(pictures.dataDir, dataset.folder);
  return { dataset, already, events, of, load, folder, description: pictures.description };
}

async function labelsOf(
  load: ReturnType<typeof imported> extends Promise<infer R> ? R : never,
  split: 'train' | 'test',
) {
  const examples = await load.load(split);
  const reader = new ExampleReader(examples);
  return Array.from({ length: examples.count }, (_, index) => reader.labelOf(index));
}

/** Writes two classes of 10 pictures each to `photos`. */
async function photosIn(folder: string): Promise<string> {
  const photos = join(folder, 'photos');
  await writeClass(photos, 'a', 10, 0);
  await writeClass(photos, 'b', 10, 100);
  return photos;
}

describe('importing pictures', needsDecoder, () => {
  test('writes records beside the folder, a fifth of every class for the test, and nothing into the folder', () =>
    inTemporaryFolder(async (folder) => {
      const source = await photosIn(folder);
      const { dataset, already, load, of, description } = await imported({ source });
      assert.equal(already, false);
      assert.deepEqual(readdirSync(folder).sort(), ['photos', 'photos.cifar10']);
      assert.deepEqual(readdirSync(source), ['a', 'b']);
      assert.deepEqual(dataset.classes, ['a', 'b']);
      assert.deepEqual(dataset.record.image, [3, 32, 32]);
      assert.deepEqual(of('importing'), {
        ...{ kind: 'importing', source, folder: join(folder, 'photos.cifar10', 'pictures-32') },
        ...{ pictures: 20, classes: 2, reused: 0 },
      });
      const { training, test } = of('imported') ?? {};
      assert.deepEqual([training, test], [16, 4]);
      assert.deepEqual(
        description.files.map(({ split, records }) => [split, records]),
        dataset.files.map(({ split, records }) => [split, records]),
      );
      const examples = await load('test');
      const reader = new ExampleReader(examples);
      assert.deepEqual(
        [0, 1, 2, 3].map((index) => reader.labelOf(index)),
        [0, 0, 1, 1],
      );
      // The pixels are those of the files, channel by channel.
      const rows = Array.from({ length: 10 }, (_, seed) => noiseImage(seed, [3, 32, 32]));
      const planes = rows.map((pixels) =>
        [0, 1, 2].flatMap((c) => [...pixels].filter((_, i) => i % 3 === c)).join(),
      );
      assert.ok(planes.includes([...reader.pixelsOf(0)].join()));
      const mean = dataset.statistics.mean[0] ?? 0;
      assert.ok(Math.abs(mean - 0.5) < 0.02, String(mean));
    }));

  test('notices added, changed, renamed and removed files, and decodes only those', () =>
    inTemporaryFolder(async (folder) => {
      const source = await photosIn(folder);
      const first = await imported({ source });
      assert.equal((await imported({ source })).already, true);
      writeIn(source, 'a/new.png', await noisePicture(50).png().toBuffer());
      const added = await imported({ source });
      assert.deepEqual([added.already, added.of('importing')?.reused], [false, 20]);
      writeIn(source, 'a/new.png', await noisePicture(51).png().toBuffer());
      utimesSync(join(source, 'a/new.png'), 1, 1);
      const changed = await imported({ source });
      assert.equal(changed.of('importing')?.reused, 20);
      assert.notDeepEqual(changed.dataset.files, added.dataset.files);
      rmSync(join(source, 'a/new.png'));
      const removed = await imported({ source });
      assert.equal(removed.already, false);
      assert.deepEqual(removed.dataset, first.dataset);
      renameSync(join(source, 'b/1.png'), join(source, 'a/11.png'));
      const moved = await imported({ source });
      assert.equal(moved.of('importing')?.reused, 19);
      assert.deepEqual([moved.of('imported')?.training, moved.of('imported')?.test], [16, 4]);
      const named = readdirSync(moved.folder).filter((name) => name.endsWith('.bin'));
      assert.deepEqual(
        named.sort(),
        moved.dataset.files.map(({ name }) => name).sort(),
        'old records are removed',
      );
    }));

  test(
    'notices a file that was changed but has its earlier size and time, or that can be read now',
    needsPermissions,
    () =>
      inTemporaryFolder(async (folder) => {
        const source = await photosIn(folder);
        const file = join(source, 'a', '1.png');
        const cache = join(folder, 'cache');
        chmodSync(file, 0);
        const unreadable = await restricted(folder, () => imported({ source, cache }));
        assert.match(unreadable.of('notUsed')?.examples[0]?.reason ?? '', /^cannot be read \(EACCES/);
        chmodSync(file, 0o644);
        assert.equal((await imported({ source, cache })).of('importing')?.reused, 19);
        const { mtime, size } = statSync(file);
        writeFileSync(file, Buffer.alloc(size));
        utimesSync(file, mtime, mtime);
        const changed = await imported({ source, cache });
        assert.deepEqual(changed.of('notUsed')?.examples, [
          { path: 'a/1.png', reason: 'an unknown format, expected JPEG, PNG, WebP, AVIF, GIF or TIFF' },
        ]);
      }),
  );

  test('lists what cannot be decoded, and uses the rest', () =>
    inTemporaryFolder(async (folder) => {
      const source = await photosIn(folder);
      const jpeg = await noisePicture(7, 64, 64).jpeg().toBuffer();
      writeIn(source, 'a/cut.jpg', jpeg.subarray(0, jpeg.length / 2));
      writeIn(source, 'a/text, no picture.jpg', 'hello');
      writeIn(source, 'b/drawing.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>');
      writeIn(source, 'readme.txt', 'hello');
      if (process.platform !== 'win32') symlinkSync('/etc/hostname', join(source, 'b/link.jpg'));
      const { of, folder: set } = await imported({ source });
      const skipped = of('notUsed');
      assert.equal(skipped?.count, process.platform === 'win32' ? 4 : 5);
      const lines = skipped?.examples.map(({ path, reason }) => `${path}: ${reason}`).join('\n') ?? '';
      assert.match(lines, /^a\/cut\.jpg: JPEG, but damaged or cut short$/m);
      assert.match(lines, /^a\/text, no picture\.jpg: a text file, expected JPEG/m);
      assert.match(lines, /^b\/drawing\.svg: an SVG drawing/m);
      assert.match(lines, /^readme\.txt: not in a class folder$/m);
      assert.equal(skipped?.list, join(set, 'dataset.json'));
      assert.ok(readFileSync(join(set, 'dataset.json'), 'utf8').includes('"a/text, no picture.jpg"'));
      assert.equal((await imported({ source })).already, true, 'they are not tried again');
      writeIn(source, 'b/drawing.svg', await noisePicture(8).png().toBuffer());
      const repaired = await imported({ source });
      assert.deepEqual([repaired.of('importing')?.reused, repaired.of('imported')?.training], [20, 17]);
    }));

  test('reports pictures that are both trained and tested on, and those in two classes', () =>
    inTemporaryFolder(async (folder) => {
      await writeClass(folder, 'train/a', 3, 0);
      await writeClass(folder, 'train/b', 3, 10);
      await writeClass(folder, 'test/a', 1, 2);
      await writeClass(folder, 'val/b', 1, 1);
      const { of, load } = await imported({ source: folder, cache: `${folder}-cache` });
      assert.deepEqual(of('leaks'), {
        ...{ kind: 'leaks', count: 2 },
        examples: [
          ['train/a/3.png', 'test/a/1.png'],
          ['train/a/2.png', 'val/b/1.png'],
        ],
      });
      assert.deepEqual(of('conflicts')?.examples, [['train/a/2.png', 'val/b/1.png']]);
      assert.equal(of('imported')?.isTestGiven, true);
      assert.equal((await load('validation')).count, 1);
      rmSync(`${folder}-cache`, { recursive: true });
    }));

  test('256 classes have labels of one byte, and 300 of two', () =>
    inTemporaryFolder(async (folder) => {
      for (const [count, bytes] of [
        [256, 1],
        [300, 2],
      ] as const) {
        const source = join(folder, String(count));
        const pictures = await Promise.all(
          [0, 1].map((shade) =>
            plainPicture(shade ? '#ffffff' : '#000000', 2, 2)
              .png()
              .toBuffer(),
          ),
        );
        for (let label = 0; label < count; label++)
          for (const [index, picture] of pictures.entries())
            writeIn(source, `class ${String(label).padStart(3, '0')}/${index}.png`, picture);
        const set = await imported({ source, imageSize: 8 });
        assert.equal(set.dataset.record.labels[0]?.bytes, bytes);
        assert.deepEqual(
          await labelsOf(set, 'test'),
          Array.from({ length: count }, (_, label) => label),
        );
      }
    }));

  test('an empty cache is made again, and a damaged one is reported', () =>
    inTemporaryFolder(async (folder) => {
      const source = await photosIn(folder);
      const { folder: set, dataset, load } = await imported({ source });
      const [file] = dataset.files;
      const path = join(set, file?.name ?? '');
      const bytes = readFileSync(path);
      bytes[5000] = (bytes[5000] ?? 0) ^ 1;
      writeFileSync(path, bytes);
      await assert.rejects(load('train'), {
        name: 'RunError',
        message:
          /train-\w+\.bin: its contents differ from what was written\. The file is damaged\. Delete .*pictures-32 to import the pictures again\.$/,
      });
      rmSync(path);
      assert.equal((await imported({ source })).already, false);
      assert.equal((await load('train')).count, 16);
      writeFileSync(join(set, 'dataset.json'), '{');
      await assert.rejects(openPictures({ source }), {
        name: 'RunError',
        message: /dataset\.json: not JSON .*\. Delete .*pictures-32 to import the pictures again$/,
      });
      rmSync(set, { recursive: true });
      assert.equal((await imported({ source })).already, false);
    }));

  test('refuses the cache of other pictures, and one inside the pictures', () =>
    inTemporaryFolder(async (folder) => {
      const source = await photosIn(folder);
      const cache = join(folder, 'cache');
      await imported({ source, cache });
      const other = join(folder, 'other');
      await writeClass(other, 'a', 2, 0);
      await writeClass(other, 'b', 2, 10);
      await assert.rejects(imported({ source: other, cache }), {
        name: 'RunError',
        message: /contains the pictures of .*photos, not of .*other; use another `cache`$/,
      });
      const link = join(folder, 'link');
      if (process.platform !== 'win32') symlinkSync(source, link);
      for (const inside of [source, join(source, 'cache'), join(source, '..cache'), join(link, 'cache')])
        if (existsSync(link) || !inside.startsWith(link))
          await assert.rejects(openPictures({ source, cache: inside }), {
            message: /the records would be inside the folder of the pictures; use another `cache`$/,
          });
      renameSync(source, join(folder, 'moved'));
      const moved = await imported({ source: join(folder, 'moved'), cache });
      assert.equal(moved.of('importing')?.reused, 20, 'the pictures have only been moved');
    }));

  test('opens a data folder that pictures were imported to, by its size', () =>
    inTemporaryFolder(async (folder) => {
      const source = await photosIn(folder);
      const cache = join(folder, 'cache');
      const small = await imported({ source, cache, imageSize: 8 });
      await imported({ source, cache, imageSize: 16 });
      rmSync(source, { recursive: true });
      const again = await imported({ source: cache, imageSize: 8 });
      assert.deepEqual(again.dataset.files, small.dataset.files);
      assert.deepEqual((await imported({ source: small.folder })).dataset.files, small.dataset.files);
      await assert.rejects(openPictures({ source: cache }), {
        message:
          /contains images of 16 or 8 pixels, not of 32; use `imageSize: 16`, or import the pictures again$/,
      });
      await assert.rejects(openPictures({ source: cache, imageSize: 8, testShare: 0.5 }), {
        message: /these pictures were already imported, so `testShare` cannot be chosen/,
      });
    }));

  test('a class whose pictures are all damaged is an error, and nothing is left behind', () =>
    inTemporaryFolder(async (folder) => {
      const source = await photosIn(folder);
      writeIn(source, 'c/1.jpg', 'hello');
      await assert.rejects(imported({ source }), {
        name: 'RunError',
        message:
          /no training picture of the class "c" can be decoded \(1 file cannot be used; the first is "c\/1\.jpg": a text file.*\)\. Add/,
      });
      assert.ok(!existsSync(`${source}.cifar10`));
    }));

  test('pictures that need more memory than the machine has are refused before they are decoded', () =>
    inTemporaryFolder(async (folder) => {
      const picture = { part: undefined, size: 0, modified: 0, changed: 0 };
      const pictures = Array.from(
        { length: 1_000_000 },
        (_, index): FoundPicture => ({ ...picture, path: `${index}.jpg`, label: index % 2 }),
      );
      const source = {
        path: folder,
        isFolder: true,
        root: folder,
        classes: ['a', 'b'],
        pictures,
        skipped: [],
      };
      const settings = { ...pictureDefaults, imageSize: 1024 };
      const place = { folder: join(folder, 'out', 'set'), option: 'cache' };
      await assert.rejects(importSource(source, place, settings), {
        name: 'RunError',
        message:
          /^importing 1,000,000 pictures as images of 1024×1024 pixels needs 5859\.4 GB of memory, but this machine has .* GB\. Use a smaller `imageSize`/,
      });
      assert.equal(existsSync(join(folder, 'out')), false);
    }));

  test('stopping leaves what was imported before', () =>
    inTemporaryFolder(async (folder) => {
      const source = await photosIn(folder);
      const stop = AbortSignal.abort();
      await assert.rejects(imported({ source }, stop), { name: 'StoppedError' });
      assert.deepEqual(readdirSync(folder), ['photos']);
      const { dataset } = await imported({ source });
      mkdirSync(join(source, 'c'));
      writeIn(source, 'c/1.png', await noisePicture(70).png().toBuffer());
      await assert.rejects(imported({ source }, stop), { name: 'StoppedError' });
      rmSync(join(source, 'c'), { recursive: true });
      const after = await imported({ source });
      assert.deepEqual([after.already, after.dataset], [true, dataset]);
    }));
});

test('the seed selects the same share of every class, whatever the order, and never divides equal pictures', () => {
  const pictures = Array.from({ length: 90 }, (_, index) => ({
    ...{ label: index % 3, part: undefined },
    digest: String(Math.floor(index / 6) * 3 + (index % 3)),
  }));
  const chosen = (list: typeof pictures, seed = 0) => {
    const { splits } = divide(list, 0.2, seed);
    return list.filter((_, index) => splits[index] === 'test').map(({ digest }) => digest);
  };
  const usual = chosen(pictures);
  assert.deepEqual(chosen(pictures.toReversed()).sort(), usual.toSorted());
  assert.notDeepEqual(chosen(pictures, 1).sort(), usual.toSorted());
  // Every picture occurs twice, and both copies are on the same side.
  for (const digest of usual) assert.equal(usual.filter((other) => other === digest).length, 2);
  assert.ok(usual.length >= 12 && usual.length <= 18, String(usual.length));
});
