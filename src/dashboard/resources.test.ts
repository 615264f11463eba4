import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { sampleCheckpoint } from '../testing/checkpoints.ts';
import { eventFileName, redPixel, scalarRecord, writeSmallRun } from '../testing/dashboard-runs.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { readPieceHere } from './collect/read-piece.ts';
import { RunSource } from './collect/source.ts';
import { openSource } from './dashboard.ts';
import { findResource } from './resources.ts';
import {
  type EvaluationList,
  type HistogramSeries,
  type ImageList,
  idOf,
  type NetworkDescription,
} from './wire.ts';

async function bytesAt(source: RunSource, path: string): Promise<Uint8Array | undefined> {
  const found = findResource(source, path, true);
  const content = await found?.resource.make(found.place);
  return typeof content === 'string' ? new TextEncoder().encode(content) : content;
}

async function jsonAt<T>(source: RunSource, path: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await bytesAt(source, path))) as T;
}

test('every point of a curve is sent as numbers of 8 bytes', () =>
  inTemporaryFolder(async (dir) => {
    writeSmallRun(join(dir, 'a'));
    const bytes = await bytesAt(await openSource(dir), `${idOf('a')}/scalars/${idOf('a/b ä')}.bin`);
    assert.deepEqual(
      [...new Float64Array(bytes?.slice().buffer ?? new ArrayBuffer(0))],
      [0, 1, 2, 1000, 1001, 1002, 0, 1, 2],
    );
  }));

test('a histogram has one more edge than counts, and its values lie between the outer edges', () =>
  inTemporaryFolder(async (dir) => {
    writeSmallRun(join(dir, 'a'), 120);
    const { tag, histograms } = await jsonAt<HistogramSeries>(
      await openSource(dir),
      `${idOf('a')}/histograms/${idOf('weights')}.json`,
    );
    assert.deepEqual([tag, histograms.length, histograms.at(-1)?.step], ['weights', 50, 119]);
    for (const { edges, counts } of histograms) {
      assert.equal(edges.length, counts.length + 1);
      assert.deepEqual(
        edges,
        edges.toSorted((a, b) => a - b),
      );
      assert.equal(
        counts.reduce((a, b) => a + b, 0),
        4,
      );
      assert.deepEqual([edges[0], edges.at(-1)], [-1, 2]);
    }
  }));

test('images are sent as they were written', () =>
  inTemporaryFolder(async (dir) => {
    writeSmallRun(join(dir, 'a'), 100);
    const source = await openSource(dir);
    const { images } = await jsonAt<ImageList>(source, `${idOf('a')}/images.json`);
    assert.equal(images.length, 30);
    assert.deepEqual(images.at(-1), { tag: 'image', step: 99, width: 1, height: 1 });
    assert.deepEqual([...((await bytesAt(source, `${idOf('a')}/images/29.png`)) ?? [])], [...redPixel]);
    assert.equal(await bytesAt(source, `${idOf('a')}/images/30.png`), undefined);
  }));

test('evaluations belong to the run whose checkpoint was evaluated, also in a copied folder', () =>
  inTemporaryFolder(async (dir) => {
    const line = (checkpoint: string, precision: number) =>
      `${JSON.stringify({ time: '2026-01-01T00:00:00Z', checkpoint, globalStep: 7, evalData: 'test', weights: 'ema', total: 10, precision })}\n`;
    writeSmallRun(join(dir, 'a'));
    writeSmallRun(join(dir, 'b'));
    mkdirSync(join(dir, 'a-eval'));
    writeFileSync(
      join(dir, 'a-eval', 'evaluations.jsonl'),
      line(join(dir, 'a', 'best', 'model.ckpt-7.safetensors'), 0.5) +
        line('/elsewhere/b/model.ckpt-7.safetensors', 0.6),
    );
    const report = {
      ...{ evalData: 'test', weights: 'ema' },
      classes: [{ name: 'cat' }, { name: 'dog' }],
      confusion: [
        [3, 1],
        [0, 4],
      ],
      mistakes: [
        {
          label: 'cat',
          predicted: 'dog',
          probability: 0.9,
          source: 'x',
          picture: Buffer.from(redPixel).toString('base64'),
        },
        {
          label: 'cat',
          predicted: 'dog',
          probability: 0.8,
          source: 'y',
          picture: Buffer.from('<script>').toString('base64'),
        },
      ],
    };
    writeFileSync(join(dir, 'a-eval', 'report-7-test-ema.json'), JSON.stringify(report));
    const source = await openSource(dir);
    const list = await jsonAt<EvaluationList>(source, `${idOf('a')}/evaluations.json`);
    const evaluation = {
      step: 7,
      precision: 0.5,
      images: 10,
      data: 'test',
      weights: 'ema',
      tta: null,
      time: Date.UTC(2026, 0) / 1000,
    };
    assert.deepEqual(list.evaluations, [evaluation]);
    assert.deepEqual(list.report?.classes, ['cat', 'dog']);
    assert.deepEqual([list.report.data, list.report.weights], ['test', 'ema']);
    assert.deepEqual(list.report?.confusion, report.confusion);
    assert.deepEqual(list.report?.mistakes[0], {
      label: 'cat',
      predicted: 'dog',
      probability: 0.9,
      source: 'x',
      hasPicture: true,
    });
    assert.deepEqual([...((await bytesAt(source, `${idOf('a')}/mistakes/0.png`)) ?? [])], [...redPixel]);
    assert.equal(await bytesAt(source, `${idOf('a')}/mistakes/1.png`), undefined);
    const copied = await jsonAt<EvaluationList>(source, `${idOf('b')}/evaluations.json`);
    assert.deepEqual(
      copied.evaluations.map(({ precision }) => precision),
      [0.6],
    );
  }));

test('the precision of a run is that of its own test data with the usual weights', () =>
  inTemporaryFolder(async (dir) => {
    writeSmallRun(join(dir, 'a'));
    mkdirSync(join(dir, 'eval'));
    const line = (globalStep: number, precision: number, how: object) =>
      `${JSON.stringify({ time: '2026-01-01T00:00:00Z', checkpoint: join(dir, 'a', 'model.ckpt'), globalStep, evalData: 'test', weights: 'ema', otherData: null, total: 10, precision, ...how })}\n`;
    writeFileSync(
      join(dir, 'eval', 'evaluations.jsonl'),
      [
        line(1, 0.1, {}),
        line(2, 0.2, {}),
        line(3, 0.3, { weights: 'raw' }),
        line(4, 0.4, { evalData: 'train' }),
        line(5, 0.5, { tta: 'flip' }),
        line(6, 0.6, { otherData: '/home/me/photos' }),
        line(7, 0.7, { total: 5 }),
      ].join(''),
    );
    const source = await openSource(dir);
    assert.equal(source.runWith(idOf('a'))?.summary?.results['precision @ 1'], 0.2);
    const { evaluations } = await jsonAt<EvaluationList>(source, `${idOf('a')}/evaluations.json`);
    assert.deepEqual(
      evaluations.map(({ data, weights, tta }) => [data, weights, tta]),
      [
        ...[1, 2].map(() => ['test', 'ema', null]),
        ...[
          ['test', 'raw', null],
          ['train', 'ema', null],
          ['test', 'ema', 'flip'],
        ],
        ['test (photos)', 'ema', null],
        ['test', 'ema', null],
      ],
    );
  }));

test('`best` is a part of the run above it, and otherwise a run', () =>
  inTemporaryFolder(async (dir) => {
    const line = (checkpoint: string, precision: number) =>
      `${JSON.stringify({ checkpoint, globalStep: 1, evalData: 'test', precision })}\n`;
    writeSmallRun(join(dir, 'a'));
    writeSmallRun(join(dir, 'a', 'best'));
    writeSmallRun(join(dir, 'group', 'best'));
    mkdirSync(join(dir, 'eval'));
    writeFileSync(
      join(dir, 'eval', 'evaluations.jsonl'),
      line(join(dir, 'a', 'best', 'model.ckpt'), 0.5) + line(join(dir, 'group', 'best', 'model.ckpt'), 0.6),
    );
    const { runs } = (await openSource(dir)).list(true);
    assert.deepEqual(
      runs.map(({ path, results }) => [path, results['precision @ 1']]),
      [
        ['a', 0.5],
        ['eval', 0.6],
        ['group/best', 0.6],
      ],
    );
  }));

test('the newest checkpoint and its network are sent', () =>
  inTemporaryFolder(async (dir) => {
    await writeCheckpoint(join(dir, 'a'), sampleCheckpoint(5));
    await writeCheckpoint(join(dir, 'a'), sampleCheckpoint(40));
    const source = await openSource(dir);
    const { metadata } = sampleCheckpoint(40);
    const network = await jsonAt<NetworkDescription>(source, `${idOf('a')}/network.json`);
    assert.deepEqual([network.step, network.classes], [40, metadata.dataset.classes]);
    assert.ok(((await bytesAt(source, `${idOf('a')}/checkpoint.safetensors`))?.length ?? 0) > 100);
    const [run] = source.list(true).runs;
    assert.deepEqual([run?.step, run?.state, run?.has.checkpoint], [40, 'stopped', true]);
  }));

test('if the newest checkpoint is damaged, the newest readable one is shown', () =>
  inTemporaryFolder(async (dir) => {
    await writeCheckpoint(join(dir, 'a'), sampleCheckpoint(5));
    await writeCheckpoint(join(dir, 'a'), sampleCheckpoint(40));
    writeFileSync(join(dir, 'a', 'model.ckpt-90.safetensors'), 'no checkpoint');
    const source = await openSource(dir);
    const [run] = source.list(true).runs;
    assert.deepEqual([run?.step, run?.has.checkpoint], [40, true]);
    assert.match(run?.remarks.join() ?? '', /model\.ckpt-90/);
    const network = await jsonAt<NetworkDescription>(source, `${idOf('a')}/network.json`);
    assert.equal(network.step, 40);
    assert.deepEqual(
      await bytesAt(source, `${idOf('a')}/checkpoint.safetensors`),
      readFileSync(join(dir, 'a', 'model.ckpt-40.safetensors')),
    );
  }));

test('damage and unreadable files are remarks without paths', () =>
  inTemporaryFolder(async (dir) => {
    const folder = join(dir, 'my runs', 'a');
    writeSmallRun(folder);
    appendFileSync(join(folder, eventFileName), Buffer.alloc(40, 1));
    appendFileSync(join(folder, eventFileName), scalarRecord('total_loss', 9, 1));
    const [damaged] = (await openSource(dir)).list(true).runs;
    assert.match(damaged?.remarks.join() ?? '', new RegExp(`${eventFileName}: byte \\d+`));
    assert.doesNotMatch(damaged?.remarks.join() ?? '', /my runs|tmp|\//);
    let fails = true;
    const source = new RunSource(dir, async (request) => {
      if (fails) throw new Error(`EIO: i/o error, open '${request.path}' in ${join(dir, 'other')}`);
      return readPieceHere(request);
    });
    await source.refresh();
    const [unreadable] = source.list(true).runs;
    assert.match(
      unreadable?.remarks.join() ?? '',
      /cannot be read \(EIO: i\/o error, open 'events[^/]*' in other\)/,
    );
    // The file did not change, but is tried again, and the remark goes.
    fails = false;
    await source.refresh();
    const [read] = source.list(true).runs;
    assert.deepEqual([read?.step, read?.remarks.some((remark) => remark.includes('EIO'))], [9, false]);
  }));

test('files that are damaged are remarks without the paths of this machine', () =>
  inTemporaryFolder(async (dir) => {
    mkdirSync(join(dir, 'a'));
    writeFileSync(join(dir, 'a', 'model.ckpt-1.safetensors'), 'no checkpoint');
    writeFileSync(join(dir, 'a', 'recipe.toml'), 'a = = 1');
    const [run] = (await openSource(dir)).list(true).runs;
    assert.match(run?.remarks.join('\n') ?? '', /recipe\.toml:1.*\n.*model\.ckpt-1/s);
    assert.doesNotMatch(run?.remarks.join('\n') ?? '', new RegExp(dir));
    assert.equal(run?.has.checkpoint, false);
  }));
