import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { inTemporaryFolder } from '../testing/examples.ts';
import { datasets } from './datasets.ts';
import { requireNotMisplaced } from './misplaced.ts';

const { cifar10, synthetic } = datasets;

describe('a wrong data folder is recognised before anything is downloaded', () => {
  const cases: readonly (readonly [title: string, make: (folder: string) => string, message: RegExp])[] = [
    [
      'one level too deep',
      (folder) => {
        const inside = join(folder, cifar10.folder);
        mkdirSync(inside);
        writeFileSync(join(inside, 'data_batch_1.bin'), '');
        return inside;
      },
      /cifar-10-batches-bin is the folder of CIFAR-10 itself; give its parent: `dataDir: \S+`$/,
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
      /CIFAR-10 is one folder further down: `dataDir: \S+deeper`$/,
    ],
    ...(
      [
        ['cifar-10-batches-py', 'the Python version of CIFAR-10'],
        ['cifar-10-python.tar.gz', 'the Python version of CIFAR-10'],
        ['cifar-10-batches-mat', 'the Matlab version of CIFAR-10'],
        ['cifar-100-binary', 'CIFAR-100'],
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
            `${name.replaceAll('.', '\\.')}: this is ${what}; the binary version of CIFAR-10 is needed`,
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

  test('an empty, a missing and the right folder are accepted', () =>
    inTemporaryFolder(async (folder) => {
      await requireNotMisplaced(folder, cifar10);
      await requireNotMisplaced(join(folder, 'missing'), cifar10);
      mkdirSync(join(folder, cifar10.folder));
      mkdirSync(join(folder, 'cifar-10-batches-py'));
      await requireNotMisplaced(folder, cifar10);
      await requireNotMisplaced(join(folder, 'cifar-10-batches-py'), synthetic);
    }));
});
