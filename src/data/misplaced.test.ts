import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { inTemporaryFolder } from '../testing/examples.ts';
import { datasets } from './datasets.ts';
import { requireNotMisplaced } from './misplaced.ts';

const { cifar10, cifar100, synthetic } = datasets;

describe('a wrong data folder is recognized before anything is downloaded', () => {
  const cases: readonly (readonly [title: string, make: (folder: string) => string, message: RegExp])[] = [
    [
      'one level too deep',
      (folder) => {
        const inside = join(folder, cifar10.folder);
        mkdirSync(inside);
        writeFileSync(join(inside, 'data_batch_1.bin'), '');
        return inside;
      },
      /cifar-10-batches-bin is the folder of CIFAR-10 itself; use its parent: `dataDir: \S+`$/,
    ],
    [
      'files without their folder',
      (folder) => {
        writeFileSync(join(folder, 'data_batch_1.bin'), '');
        return folder;
      },
      /contains the files of CIFAR-10 directly; move them to a folder cifar-10-batches-bin in it$/,
    ],
    [
      'one level too high',
      (folder) => {
        mkdirSync(join(folder, 'deeper', cifar10.folder), { recursive: true });
        return folder;
      },
      /CIFAR-10 is in a subfolder; use `dataDir: \S+deeper`$/,
    ],
    ...(['pictures-32/test.bin', 'cat/1.jpg', 'train/cat/1.JPEG'] as const).map(
      (file) =>
        [
          `pictures: ${file}`,
          (folder: string) => {
            mkdirSync(join(folder, dirname(file)), { recursive: true });
            writeFileSync(join(folder, file), '');
            return folder;
          },
          /contains pictures, and not CIFAR-10; to use these pictures, set `data: \S+` instead of `dataDir`$/,
        ] as const,
    ),
    ...(
      [
        ['cifar-10-batches-py', 'the Python version of CIFAR-10'],
        ['cifar-10-python.tar.gz', 'the Python version of CIFAR-10'],
        ['cifar-10-batches-mat', 'the Matlab version of CIFAR-10'],
        ['cifar10.zip', 'an archive in an unsupported format'],
      ] as const
    ).map(
      ([name, what]) =>
        [
          name,
          (folder: string) => {
            mkdirSync(join(folder, name));
            return folder;
          },
          new RegExp(
            `${name.replaceAll('.', '\\.')}: found ${what}, expected the binary version of CIFAR-10`,
          ),
        ] as const,
    ),
  ];
  for (const [title, make, message] of cases)
    test(title, () =>
      inTemporaryFolder(async (folder) => {
        await assert.rejects(requireNotMisplaced(make(folder), cifar10), message);
      }),
    );

  test('the folder of another data set, recognized by its name or its files', () =>
    inTemporaryFolder(async (folder) => {
      for (const other of [cifar100, synthetic]) {
        const inside = join(folder, other.folder);
        mkdirSync(inside);
        await assert.rejects(requireNotMisplaced(inside, cifar10), {
          name: 'RunError',
          message: `${inside} is the folder of ${other.title}; to use it, set \`dataset: ${other.name}\` and \`dataDir: ${folder}\``,
        });
      }
      const renamed = join(folder, 'my-cifar100');
      mkdirSync(renamed);
      for (const { name } of cifar100.files) writeFileSync(join(renamed, name), '');
      await assert.rejects(requireNotMisplaced(renamed, cifar10), /is the folder of CIFAR-100; to use it/);
      await assert.rejects(
        requireNotMisplaced(renamed, cifar100),
        /contains the files of CIFAR-100 directly/,
      );
    }));

  test('other versions of CIFAR-100', () =>
    inTemporaryFolder(async (folder) => {
      mkdirSync(join(folder, 'cifar-100-python'));
      await assert.rejects(
        requireNotMisplaced(folder, cifar100),
        /found the Python version of CIFAR-100, expected .* \(cifar-100-binary\.tar\.gz\)\. To download it: .*download --dataset cifar100 --data-dir/,
      );
    }));

  test('an empty folder, a missing folder, the right folder and one with other data sets are accepted', () =>
    inTemporaryFolder(async (folder) => {
      await requireNotMisplaced(join(folder, 'others'), cifar10);
      mkdirSync(join(folder, 'others', cifar100.folder), { recursive: true });
      await requireNotMisplaced(join(folder, 'others'), cifar10);
      await requireNotMisplaced(join(folder, 'missing'), cifar10);
      mkdirSync(join(folder, cifar10.folder));
      mkdirSync(join(folder, 'cifar-10-batches-py'));
      await requireNotMisplaced(folder, cifar10);
      await requireNotMisplaced(join(folder, 'cifar-10-batches-py'), synthetic);
    }));
});
