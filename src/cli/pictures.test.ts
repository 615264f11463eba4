import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import { cifar10 } from '../testing/in-process.ts';
import { needsDecoder, noisePicture, writeClass, writeIn } from '../testing/pictures.ts';
import { elements, parsePage, textIn } from '../testing/report-pages.ts';
import { smallNetwork } from '../testing/synthetic.ts';

const folder = mkdtempSync(join(tmpdir(), 'cifar10-pictures-'));
const names = ['Katze, grün', 'dog', '🦊 fox'];
const short = ['--max-steps', '2', '--batch-size', '8', '--summary-steps', '0', ...smallNetwork];
const train = (...words: readonly string[]) => cifar10(['train', ...short, ...words]);
const evaluate = (run: string, ...words: readonly string[]) =>
  cifar10(['eval', '--run-once', '--checkpoint-dir', run, '--eval-dir', `${run}-eval`, ...words]);

before(async () => {
  process.chdir(folder);
  if (needsDecoder.skip !== undefined) return;
  for (const [index, name] of names.entries()) await writeClass('photos', name, 10, 100 * index);
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe('your own pictures', needsDecoder, () => {
  test('are imported, trained on and evaluated under the names of their folders', async () => {
    const trained = await train('--data', 'photos', '--train-dir', 'run');
    assert.equal(trained.code, 0, trained.errors);
    assert.match(trained.output, /^Importing 30 pictures of 3 classes from .*photos$/m);
    assert.match(trained.output, /^Imported 24 training images and 6 test images \(selected by the seed\)$/m);
    assert.match(trained.output, /^Training on 24 images of the pictures in photos, 8 per step/m);
    const scored = await evaluate('run', '--report');
    assert.equal(scored.code, 0, scored.errors);
    assert.doesNotMatch(scored.output, /Importing/);
    assert.match(scored.output, /^6 test images of the pictures in photos, step 2/m);
    for (const name of names) assert.ok(scored.output.includes(`\n${name} `), name);
    const page = parsePage(readFileSync('run-eval/report.html', 'utf8'));
    const mistakes = elements(page, 'span').filter(({ attributes }) => attributes['class'] === 'source');
    const pictures = names.flatMap((name) => readdirSync(`photos/${name}`).map((file) => `${name}/${file}`));
    assert.ok(mistakes.length > 0);
    for (const mistake of mistakes) assert.ok(pictures.includes(textIn(mistake)), textIn(mistake));
    const [line = ''] = readFileSync('run-eval/evaluations.jsonl', 'utf8').split('\n');
    const { dataset, source, checksum } = JSON.parse(line) as Record<string, unknown>;
    assert.deepEqual([dataset, source], ['pictures', join(process.cwd(), 'photos')]);
    assert.match(String(checksum), /^[0-9a-f]{64}$/);
    const { metadata } = await readCheckpoint('run/model.ckpt-2.safetensors');
    assert.deepEqual(metadata.dataset.classes, names);
    assert.deepEqual(metadata.dataset.origin?.source, join(process.cwd(), 'photos'));
  });

  test('are found again by a resumed run and by the recipe of the run', async () => {
    const resumed = await train('--train-dir', 'run', '--max-steps', '3');
    assert.equal(resumed.code, 0, resumed.errors);
    assert.doesNotMatch(resumed.output, /Importing/);
    const repeated = await cifar10(['train', '--recipe', 'run/recipe.toml', '--train-dir', 'again']);
    assert.equal(repeated.code, 0, repeated.errors);
    const [first, second] = ['run', 'again'].map((run) => readFileSync(`${run}/model.ckpt-3.safetensors`));
    assert.deepEqual(first, second);
  });

  test('are trained with the recipe fast by default, which fits their number, and a resumed run keeps it', async () => {
    const narrow = ['--width', '0.1', '--engine', 'onnx', '--train-dir', 'fast'];
    const started = await cifar10(['train', '--data', 'photos', '--max-steps', '1', ...narrow]);
    assert.equal(started.code, 0, started.errors);
    assert.match(started.output, /^Training airbench on 24 images of the pictures in photos, 32 per step/m);
    for (const given of [[], ['--recipe', 'fast', '--data', 'photos']]) {
      const resumed = await cifar10(['train', ...given, '--max-steps', '2', ...narrow]);
      assert.equal(resumed.code, 0, resumed.errors);
    }
    const { metadata } = await readCheckpoint('fast/model.ckpt-2.safetensors');
    const { recipe, network, batchSize } = metadata;
    assert.deepEqual([recipe, network.configuration, batchSize], ['fast', { width: 0.1 }, 32]);
    const scored = await cifar10([
      'eval',
      '--run-once',
      '--checkpoint-dir',
      'fast',
      '--eval-dir',
      'fast-eval',
    ]);
    assert.equal(scored.code, 0, scored.errors);
  });

  test('are trained with the recipe of the tutorial if the command names an optimizer', async () => {
    const narrow = ['--max-steps', '1', '--batch-size', '8', '--engine', 'onnx'];
    const trained = await cifar10([
      ...['train', '--data', 'photos', '--optimizer', 'adam', '--train-dir', 'adam', ...narrow],
    ]);
    assert.equal(trained.code, 0, trained.errors);
    const { metadata } = await readCheckpoint('adam/model.ckpt-1.safetensors');
    assert.deepEqual([metadata.recipe, metadata.network.name], ['tutorial', 'cifar10']);
  });

  test('are trained with the recipe and the network of the run whose weights they start with', async () => {
    const tuned = [
      'train',
      '--data',
      'photos',
      '--init-from',
      'fast',
      '--max-steps',
      '1',
      '--engine',
      'onnx',
    ];
    const recipeOf = async (run: string, ...words: readonly string[]) => {
      const { code, errors } = await cifar10([...tuned, '--train-dir', run, ...words]);
      assert.equal(code, 0, errors);
      const { recipe, network, batchSize } = (await readCheckpoint(`${run}/model.ckpt-1.safetensors`))
        .metadata;
      return [recipe, network.name, network.configuration, batchSize];
    };
    const width = { width: 0.1 };
    assert.deepEqual(await recipeOf('tuned'), ['fast', 'airbench', width, 32]);
    const adam = ['--optimizer', 'adam', '--batch-size', '8'];
    assert.deepEqual(await recipeOf('tuned-adam', ...adam), ['tutorial', 'airbench', width, 8]);
    const other = await cifar10([...tuned, '--train-dir', 'tuned-other', '--network', 'cifar10']);
    assert.equal(other.code, 1);
    assert.match(
      other.errors,
      /none of the 10 weights .* can be loaded from .*; add the --recipe or the --network with which they were trained/,
    );
    const again = await cifar10([...tuned, '--train-dir', 'tuned-adam']);
    assert.match(again.errors, /--init-from starts a new run, but tuned-adam contains one/);
    const swept = await cifar10([
      ...[
        'sweep',
        '--data',
        'photos',
        '--init-from',
        'fast',
        '--sweep-dir',
        'tuned-sweep',
        '--max-steps',
        '1',
      ],
      ...['--seed', '0,1', '--engine', 'onnx'],
    ]);
    assert.equal(swept.code, 0, swept.errors);
    assert.equal(
      (await readCheckpoint('tuned-sweep/seed=0/model.ckpt-1.safetensors')).metadata.recipe,
      'fast',
    );
  });

  test('are imported to a data folder, which can be used in their place', async () => {
    const imported = await cifar10([
      'import',
      '--from',
      'photos',
      '--data-dir',
      'data',
      '--image-size',
      '16',
    ]);
    assert.equal(imported.code, 0, imported.errors);
    assert.match(imported.output, /data\/pictures-16 is ready\nTo train on them:\n.* train --data data$/m);
    const confused = await cifar10(['train', '--data-dir', 'data', '--train-dir', 'confused']);
    assert.equal(confused.code, 1);
    assert.match(
      confused.errors,
      /data contains pictures, and not CIFAR-10; .* set --data data instead of --data-dir$/m,
    );
    const again = await cifar10(['import', '--from', 'photos', '--data-dir', 'data', '--image-size', '16']);
    assert.match(again.output, /data\/pictures-16 already exists and is complete$/m);
    const trained = await train('--data', 'data', '--train-dir', 'small');
    assert.equal(trained.code, 0, trained.errors);
    assert.equal((await evaluate('small')).code, 0);
    const shown = await cifar10(['inspect', 'data']);
    assert.equal(shown.code, 0, shown.errors);
    for (const name of names) assert.match(shown.output, new RegExp(`^ *${name} +8 +2$`, 'm'));
  });

  test('can be compared in a sweep', async () => {
    const words = ['--data', 'photos', '--sweep-dir', 'sweep', '--seed', '0,1', ...short];
    const swept = await cifar10(['sweep', ...words]);
    assert.equal(swept.code, 0, swept.errors);
  });

  test('are not taken for the files of a run or an evaluation inside their folder', async () => {
    const inside = await train('--data', 'photos', '--train-dir', 'photos/run');
    assert.equal(inside.code, 1);
    assert.match(
      inside.errors,
      /^cifar10: photos\/run is inside the folder of the pictures, photos, so its files would be taken for a class; use another --train-dir$/m,
    );
    const words = ['eval', '--run-once', '--checkpoint-dir', 'run', '--eval-dir', 'photos'];
    assert.match((await cifar10(words)).errors, /photos is inside the folder .*; use another --eval-dir$/m);
    assert.deepEqual(readdirSync('photos').sort(), names.toSorted());
  });

  test('that have changed do not silently continue a run', async () => {
    writeIn('photos', 'dog/new.png', await noisePicture(77).png().toBuffer());
    const refused = await train('--train-dir', 'run', '--max-steps', '5');
    assert.equal(refused.code, 1);
    assert.match(
      refused.errors,
      /photos: the pictures have changed \(\d+ training images before, \d+ now\), so the run of run\/model\.ckpt-\d+\.safetensors cannot be resumed\. Restore the pictures, or train on them in another --train-dir, with --init-from run to begin with these weights$/m,
    );
    const scored = await evaluate('run');
    assert.equal(scored.code, 0, scored.errors);
    assert.match(scored.errors, /warning: .*photos: the pictures have changed since the run was trained/);
    rmSync('photos/dog/new.png');
    assert.doesNotMatch((await evaluate('run')).errors, /have changed/);
    renameSync('photos/dog', 'photos/hound');
    const renamed = await evaluate('run');
    assert.match(
      renamed.errors,
      /but found \d in the pictures in photos \(.*hound.*\)\. The pictures have changed since then; restore the classes/,
    );
    assert.match(
      (await train('--train-dir', 'run', '--max-steps', '5')).errors,
      /photos: the pictures have changed \(classes \[.*"dog".*\] before, \[.*"hound".*\] now\), so the run/,
    );
    renameSync('photos/hound', 'photos/dog');
  });

  test('that were moved are reported with what to do', async () => {
    renameSync('photos', 'moved');
    const lost = await evaluate('run');
    assert.equal(lost.code, 1);
    assert.match(
      lost.errors,
      /trained on the pictures in .*photos, which does not exist any more\. If you moved them, give their new place with --data$/m,
    );
    const found = await evaluate('run', '--data', 'moved');
    assert.equal(found.code, 0, found.errors);
    renameSync('moved', 'photos');
  });

  const refusals: readonly (readonly [string, number, RegExp])[] = [
    [
      'train --data photos --dataset cifar10',
      2,
      /--data and --dataset cannot be combined; leave one of them out/,
    ],
    [
      'train --data photos --labels fine',
      2,
      /--labels and --data cannot be combined: pictures have one label each/,
    ],
    ['train --dataset synthetic --image-size 64', 2, /--image-size and --dataset cannot be combined/],
    [
      'train --image-size 64 --train-dir new',
      2,
      /--image-size applies only to your own pictures; add --data/,
    ],
    ['train --cache x --train-dir new', 2, /--cache applies only to your own pictures; add --data/],
    ['train --data photos --image-size 4', 2, /--image-size: expected a whole number of at least 8/],
    ['train --data photos --test-share 1', 2, /--test-share: expected a number from 0\.01 to 0\.9/],
    ['train --data nowhere --train-dir new', 1, /nowhere: does not exist; expected a folder/],
    ['train --data photos/dog --train-dir new', 1, /found 10 files, but no folders/],
    ['train --find-learning-rate --data photos --labels fine', 2, /--labels and --data cannot be combined/],
    ['sweep --data photos --dataset cifar10 --seed 0,1', 2, /--data and --dataset cannot be combined/],
    [
      'eval --data photos --dataset cifar10 --checkpoint-dir run --run-once',
      2,
      /--data and --dataset cannot be combined/,
    ],
    [
      'eval --cache x --dataset synthetic --checkpoint-dir run --run-once',
      2,
      /--cache and --dataset cannot be combined/,
    ],
    ['import', 2, /import needs pictures: add --from/],
    ['import --from photos.cifar10 --data-dir data', 1, /contains pictures that were already imported/],
    [
      'import --from photos --data-dir photos/data',
      1,
      /inside the folder of the pictures; use another --data-dir/,
    ],
  ];
  for (const [line, code, message] of refusals)
    test(`${line} is refused`, async () => {
      const outcome = await cifar10(line.split(' '));
      assert.match(outcome.errors, message);
      assert.equal(outcome.code, code);
    });
});
