import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventFilesOf } from '../summary/event-file-name.ts';
import { readEvents, readRun } from '../summary/event-reader.ts';
import { decodeGraphDef } from '../summary/graph-def.ts';
import type { RunEvents } from '../summary/run-events.ts';
import { tagRecords } from '../summary/tags.ts';
import { cifar10 } from '../testing/in-process.ts';
import { copySynthetic } from '../testing/synthetic.ts';

/** Tests that the tags of the tutorial are written, and that docs/summaries.md describes every tag. */
const layers = ['conv1', 'conv2', 'local3', 'local4', 'softmax_linear'];
const variables = layers.flatMap((layer) => [`${layer}/weights`, `${layer}/biases`]);
const activations = layers.map((layer) => `${layer}/${layer}`);
const sparsities = activations.map((name) => `${name}/sparsity`);
const losses = [...layers.map((layer) => `${layer}/weight_loss`), 'cross_entropy', 'total_loss'];
const pictures = [0, 1, 2].map((index) => `images/image/${index}`);

const folder = mkdtempSync(join(tmpdir(), 'cifar10-tags-'));
const data = join(folder, 'data');
const [run, evalDir] = [join(folder, 'run'), join(folder, 'eval')];
let [training, evaluation] = [{} as RunEvents, {} as RunEvents];

async function succeed(line: string): Promise<void> {
  const outcome = await cifar10([...line.split(' '), '--data-dir', data]);
  assert.equal(outcome.code, 0, outcome.errors);
}

before(async () => {
  await copySynthetic(data);
  const trained = '--dataset synthetic --batch-size 16 --max-steps 3 --summary-steps 1 --eval-every 2';
  await succeed(`train ${trained} --holdout 0.02 --train-dir ${run}`);
  await succeed(
    `eval --run-once --tta mirror --num-examples 32 --checkpoint-dir ${run} --eval-dir ${evalDir}`,
  );
  [training, evaluation] = [await readRun(run), await readRun(evalDir)];
});
after(() => rmSync(folder, { recursive: true, force: true }));

const tagsOf = (events: RunEvents) => ({
  scalars: [...events.scalars.keys()],
  histograms: [...events.histograms.keys()],
  images: [...events.images.keys()],
});
const sorted = (tags: readonly string[]) => [...tags].sort();
const valuesOf = (events: RunEvents, tag: string) => events.scalars.get(tag)?.map(({ value }) => value) ?? [];

describe('a training', () => {
  test('writes the 25 histograms of the tutorial: activations, variables and gradients', () => {
    const wanted = [
      ...activations.map((name) => `${name}/activations`),
      ...variables,
      ...variables.map((name) => `${name}/gradients`),
    ];
    assert.deepEqual(sorted(tagsOf(training).histograms), sorted(wanted));
    assert.equal(training.histograms.get('conv1/weights/gradients')?.[0]?.value.num, 4800);
    assert.equal(training.histograms.get('local3/local3/activations')?.[2]?.value.num, 16 * 384);
  });

  test('writes the scalars of the tutorial (losses raw and averaged, sparsities, the learning rate) and ours', () => {
    const theirs = [...losses, ...losses.map((name) => `${name} (raw)`), ...sparsities, 'learning_rate'];
    const ours = ['queue/batches/fraction_of_4_full', 'examples_per_sec', 'input/waiting'];
    const wanted = [...theirs, ...ours, 'validation/Precision @ 1'];
    assert.deepEqual(sorted(tagsOf(training).scalars), sorted(wanted));
    for (const tag of theirs) assert.equal(valuesOf(training, tag).length, 3, tag);
    assert.deepEqual(valuesOf(training, 'learning_rate'), Array(3).fill(Math.fround(0.1)));
  });

  test('writes the first three images of the batch', () => {
    assert.deepEqual(tagsOf(training).images, pictures);
    assert.equal(training.images.get('images/image/2')?.[0]?.value.width, 24);
  });

  test('writes the average of a loss without the bias of its initial zero', () => {
    const raw = valuesOf(training, 'total_loss (raw)');
    const [a = 0, b = 0] = raw;
    const [first = 0, second = 0] = valuesOf(training, 'total_loss');
    assert.ok(a > 4.6 && a < 4.8, `${a}`);
    assert.ok(Math.abs(first - a) < 1e-5, `${first}`);
    assert.ok(Math.abs(second - (0.09 * a + 0.1 * b) / 0.19) < 1e-5, `${second}`);
  });

  test('writes its graph, in which every node has a shape', () => {
    const nodes = decodeGraphDef(training.graph ?? new Uint8Array());
    assert.deepEqual(nodes.find(({ name }) => name === 'conv1/conv1')?.shapes, [[16, 64, 24, 24]]);
    assert.ok(nodes.every(({ shapes = [] }) => shapes.length > 0));
  });
});

test('an evaluation writes Precision @ 1, activations, results per class, the confusion matrix, mistakes and filters', () => {
  const { scalars, histograms, images } = tagsOf(evaluation);
  const known = /^(Precision @ 1( with test-time augmentation)?|precision\/\w+|recall\/\w+)$/;
  assert.deepEqual(
    scalars.filter((tag) => !known.test(tag)),
    sparsities,
  );
  assert.ok(scalars.includes('Precision @ 1') && scalars.includes('recall/circle'));
  assert.deepEqual(
    histograms,
    activations.map((name) => `${name}/activations`),
  );
  assert.deepEqual(
    sorted(images),
    sorted([...pictures, 'confusion_matrix', 'most_confidently_wrong', 'conv1/weights/filters']),
  );
  assert.equal(evaluation.scalars.get('Precision @ 1')?.[0]?.step, 3, 'the number of updates');
});

/** Returns the records of the table that belong to training or to evaluation. */
const recordsOf = (by: 'training' | 'evaluation') =>
  Object.values(tagRecords).filter(({ shownBy }) => shownBy.includes(by));

test('every tag belongs to a record of the table and has its description, and every record is used', () => {
  const patternOf = (text: string) =>
    new RegExp(`^${text.replaceAll(/[.*+?^$()|[\]\\]/g, '\\$&').replaceAll(/\{\w+\}/g, '.+')}$`);
  for (const [by, events] of [['training', training] as const, ['evaluation', evaluation] as const]) {
    const unused = new Set(recordsOf(by));
    for (const [kind, tags] of Object.entries(tagsOf(events))) {
      for (const tag of tags) {
        const described = recordsOf(by).filter(
          (record) =>
            `${record.kind}s` === kind &&
            patternOf(record.tag).test(tag) &&
            patternOf(record.description).test(events.descriptions.get(tag) ?? ''),
        );
        assert.equal(described.length, 1, `${tag}: ${events.descriptions.get(tag)}`);
        for (const record of described) unused.delete(record);
      }
    }
    // This run has only one tower, and does not scale its loss.
    assert.deepEqual([...unused], by === 'training' ? [tagRecords.towerLoss, tagRecords.lossScale] : []);
  }
});

describe('docs/summaries.md has a row for every record of the table, and no other rows', () => {
  const page = readFileSync(new URL('../../docs/summaries.md', import.meta.url), 'utf8');
  /** How the page writes each placeholder. */
  const inPage: Readonly<Record<string, readonly string[]>> = {
    activation: ['*L*/*L*'],
    variable: ['*L*/weights', '*L*/biases'],
    term: ['total_loss', 'cross_entropy', '*L*/weight_loss'],
    class: ['*class*'],
    index: ['0 … 2'],
    capacity: ['4'],
    tower: ['0', '1'],
  };
  const inPageAs = (tag: string): readonly string[] => {
    const [hole, name = ''] = /\{(\w+)\}/.exec(tag) ?? [];
    if (hole === undefined) return [tag];
    return (inPage[name] ?? assert.fail(`${tag}: say here how docs/summaries.md writes {${name}}`)).flatMap(
      (words) => inPageAs(tag.replace(hole, words)),
    );
  };
  /** Returns the tags in the first column of a section. Cells in italics are skipped: they name pages of TensorBoard. */
  const tagsIn = (heading: string) => {
    const [, section = ''] = page.split(`\n${heading}\n`);
    const [rows = ''] = section.split(/\n#/);
    return [...rows.matchAll(/^\| ([^|]+) \|/gm)]
      .map(([, cell = '']) => cell.replaceAll('`', ''))
      .filter((cell) => !/^(tag|where|_.*_)$/.test(cell))
      .flatMap((cell) => cell.split(', '));
  };
  const training = recordsOf('training');
  const sections = [
    ['### Scalars', training.filter(({ kind }) => kind === 'scalar')],
    ['### Histograms', training.filter(({ kind }) => kind === 'histogram')],
    ['### Images, graph, hyperparameters', training.filter(({ kind }) => kind === 'image')],
    ['## What an evaluator shows', recordsOf('evaluation')],
  ] as const;
  for (const [heading, records] of sections) {
    test(heading.replace(/^#+ /, ''), () => {
      assert.ok(records.length > 0);
      assert.deepEqual(sorted(tagsIn(heading)), sorted(records.flatMap(({ tag }) => inPageAs(tag))));
    });
  }
});

test('tools/expected_summaries.py names every record of the table', () => {
  const tool = readFileSync(new URL('../../tools/expected_summaries.py', import.meta.url), 'utf8');
  for (const { tag } of Object.values(tagRecords)) {
    const [longest = ''] = tag.split(/\{\w+\}/).toSorted((a, b) => b.length - a.length);
    assert.ok(tool.includes(longest.replace(/\/$/, '')), tag);
  }
});

test('metrics.jsonl contains the scalars of every summary', async () => {
  const lines = readFileSync(join(run, 'metrics.jsonl'), 'utf8').trim().split('\n');
  const written = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const tags = written.map((line) => Object.keys(line).filter((key) => key !== 'time' && key !== 'step'));
  const events: (readonly string[])[] = [];
  const [file = ''] = await eventFilesOf(run);
  for await (const { event } of readEvents(file)) {
    if (event.content.kind !== 'summary') continue;
    events.push(event.content.values.flatMap(({ kind, tag }) => (kind === 'scalar' ? [tag] : [])));
  }
  assert.deepEqual(
    tags,
    events.filter((scalars) => scalars.length > 0),
  );
});
