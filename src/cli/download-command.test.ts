import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { command } from '../command.ts';
import { datasets } from '../data/datasets.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { sampleCheckpoint } from '../testing/checkpoints.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { cifar10 } from '../testing/in-process.ts';
import { offline, program } from '../testing/program.ts';

describe('the command download', () => {
  const refused: readonly [title: string, words: readonly string[], message: RegExp][] = [
    [
      'an invalid URL',
      ['--url', 'notaurl'],
      /--url: expected a URL with http:\/\/ or https:\/\/, found "notaurl"/,
    ],
    ['a file URL', ['--url', 'file:///tmp/x'], /--url: expected a URL with http/],
    ['a URL with another protocol', ['--url', 'ftp://127.0.0.1/x'], /--url: expected a URL with http/],
    [
      'two sources',
      ['--url', 'http://127.0.0.1/', '--tarball', 'x'],
      /--url and --tarball cannot be combined/,
    ],
    [
      'an archive for the generated set',
      ['--dataset', 'synthetic', '--tarball', 'x'],
      /--tarball cannot be combined with --dataset synthetic, which is generated and not downloaded/,
    ],
    [
      'a URL for the generated set',
      ['--dataset', 'synthetic', '--url', 'http://127.0.0.1/'],
      /--url cannot be combined with --dataset synthetic/,
    ],
  ];
  for (const [title, words, message] of refused) {
    test(`refuses ${title} before anything is read`, () =>
      inTemporaryFolder(async (folder) => {
        const data = join(folder, 'data');
        const outcome = await cifar10(['download', '--data-dir', data, ...words]);
        assert.equal(outcome.code, 2, outcome.errors);
        assert.match(outcome.errors, message);
        assert.ok(!existsSync(data));
      }));
  }

  test('suggests the same alternatives as train and eval if there is no network access', () =>
    inTemporaryFolder(async (folder) => {
      const commands = [
        ['download'],
        ['train', '--train-dir', join(folder, 'run')],
        ['eval', '--run-once', '--checkpoint-dir', 'done', '--eval-dir', 'eval'],
      ];
      const { tensors, metadata } = sampleCheckpoint(5);
      const dataset = { ...metadata.dataset, name: 'cifar10', classes: datasets.cifar10.classes };
      const network = { name: 'cifar10', configuration: tutorialNetwork(10).configuration };
      await writeCheckpoint(join(folder, 'done'), { tensors, metadata: { ...metadata, dataset, network } });
      for (const words of commands) {
        const outcome = await program([...words, '--data-dir', 'my data'], undefined, folder, offline);
        assert.equal(outcome.code, 1);
        assert.equal(
          outcome.errors,
          `cifar10: CIFAR-10 is not in my data and cannot be downloaded: https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz: ENOTFOUND: the server name is unknown; is the network available?
  To use a copy: ${command("download --data-dir 'my data'")} --tarball FILE
  To use a mirror: ${command("download --data-dir 'my data'")} --url URL
  To train without it, on generated images: --dataset synthetic --clip-norm 5
`,
        );
      }
    }));

  test('suggests another file, and not to remove it, if --tarball names a wrong file', () =>
    inTemporaryFolder(async (folder) => {
      writeFileSync(join(folder, 'mine.tgz'), 'something else');
      const outcome = await program(
        ['download', '--data-dir', 'data', '--tarball', 'mine.tgz'],
        undefined,
        folder,
      );
      assert.equal(outcome.code, 1);
      assert.equal(
        outcome.errors,
        'cifar10: mine.tgz: found 14 bytes, expected 170052171. Use another --tarball, or leave it out to fetch the file.\n',
      );
    }));
});
