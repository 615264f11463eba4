/** Runs the examples that need no other packages. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { writeCheckpoint } from './checkpoint/checkpoint.ts';
import { inTemporaryFolder } from './testing/examples.ts';
import { noisePng, withoutDecoder, writeFiles } from './testing/picture-files.ts';
import { needsDecoder, writeClass } from './testing/pictures.ts';
import { copySynthetic } from './testing/synthetic.ts';
import { randomCheckpoint, smallWidths } from './testing/trained.ts';

const examples = fileURLToPath(new URL('../examples/', import.meta.url));

/** Runs an example in a folder. */
function run(example: string, folder: string, ...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(examples, example), ...words], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { code: status, output: stdout, errors: stderr };
}

test(
  'classify.mjs prints the classes of pictures, and does not stop at a bad one',
  { skip: withoutDecoder },
  () =>
    inTemporaryFolder(async (folder) => {
      await writeCheckpoint(folder, randomCheckpoint({ network: 'cifar10', configuration: smallWidths }));
      await writeFiles({
        [join(folder, 'cat.png')]: noisePng(0, [3, 48, 40]),
        [join(folder, 'text.jpg')]: 'hello',
        [join(folder, 'dog.png')]: noisePng(1),
      });
      const outcome = run('classify.mjs', folder, '.', 'cat.png', 'text.jpg', 'dog.png');
      assert.equal(outcome.code, 1);
      assert.match(outcome.output, /^cat\.png: (\w+ \d+\.\d%(, )?){3}\ndog\.png: (\w+ \d+\.\d%(, )?){3}\n$/);
      assert.equal(outcome.errors, 'text.jpg: a text file, expected JPEG, PNG, WebP, AVIF, GIF or TIFF\n');
      assert.equal(run('classify.mjs', folder).code, 2);
    }),
);

test(
  'train-folder.mjs trains on class folders, calls back after every step, evaluates and exports',
  needsDecoder,
  () =>
    inTemporaryFolder(async (folder) => {
      for (const [index, name] of ['cat', 'dog'].entries())
        await writeClass(join(folder, 'photos'), name, 10, 100 * index);
      const outcome = run('train-folder.mjs', folder, 'photos', '2');
      assert.equal(outcome.code, 0, outcome.errors);
      assert.match(
        outcome.output,
        /^step 0: loss \d+\.\d\d, \d+ pictures\/s\n\d of 4 test pictures are correct .*\nclasses: cat, dog\n.*differs/,
      );
      assert.equal(run('classify.mjs', folder, 'runs/photos/model.onnx', 'photos/cat/1.png').code, 0);
      // The same command resumes. The run is already complete here.
      assert.match(run('train-folder.mjs', folder, 'photos', '2').output, /^\d of 4 test pictures/);
    }),
);

test('own-network.mjs trains a network of its own and classifies with it', () =>
  inTemporaryFolder(async (folder) => {
    await copySynthetic(join(folder, 'data'));
    const outcome = run('own-network.mjs', folder, '2');
    assert.equal(outcome.code, 0, outcome.errors);
    assert.match(outcome.output, /^step 0: loss \d+\.\d\d\nA gray picture is a \w+, says runs/);
  }));
