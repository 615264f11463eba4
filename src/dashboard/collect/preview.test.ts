import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  eventFileName,
  scalarRecord,
  sessionRecord,
  summaryRecord,
  versionRecord,
} from '../../testing/dashboard-runs.ts';
import { inTemporaryFolder } from '../../testing/examples.ts';
import { findResource } from '../resources.ts';
import { idOf, type ScalarOverview } from '../wire.ts';
import { leastForPreview, previewOf } from './preview.ts';
import { readPieceHere } from './read-piece.ts';
import type { ReadPiece } from './run.ts';
import { RunSource, type SourceChanges } from './source.ts';

const steps = 30_000;
const valueAt = (step: number) => Math.fround(1 / (1 + step));

function eventFile(): Uint8Array {
  const records = Array.from({ length: steps }, (_, step) =>
    summaryRecord(
      step,
      { tag: 'loss', kind: 'scalar', value: valueAt(step) },
      { tag: 'other', kind: 'scalar', value: 1 - step },
    ),
  );
  return Buffer.concat([versionRecord(), ...records]);
}

function metricsFile(count = steps): string {
  const lines = Array.from({ length: count }, (_, step) =>
    JSON.stringify({
      time: new Date((1000 + step) * 1000).toISOString(),
      step,
      loss: valueAt(step),
      other: 1 - step,
    }),
  );
  return `${lines.join('\n')}\n`;
}

const files = { events: [eventFileName, eventFile], metrics: ['metrics.jsonl', metricsFile] } as const;

for (const kind of ['events', 'metrics'] as const) {
  test(`a preview has a few points of all parts of the file: ${kind}`, () =>
    inTemporaryFolder(async (dir) => {
      const [name, make] = files[kind];
      const content = Buffer.from(make());
      assert.ok(content.length > leastForPreview);
      // Damage in the middle is skipped.
      const middle = content.length >>> 1;
      content.fill(0xff, middle, middle + 3000);
      writeFileSync(join(dir, name), content);
      const { scalars, isAll, located } = previewOf(kind, join(dir, name));
      assert.deepEqual([isAll, located], [true, []]);
      assert.deepEqual(scalars.map(({ tag }) => tag).sort(), ['loss', 'other']);
      for (const { tag, ...points } of scalars) {
        const found = [...points.steps];
        assert.ok(found.length > 500 && found.length < steps / 4, `${found.length} points`);
        assert.deepEqual(
          found,
          [...new Set(found)].sort((a, b) => a - b),
          'in order, each once',
        );
        assert.equal(found[0], 0);
        assert.ok((found.at(-1) ?? 0) > steps - 3);
        const gaps = found.slice(1).map((step, at) => step - (found[at] ?? 0));
        assert.ok(Math.max(...gaps) < steps / 25, 'no part is missing');
        assert.deepEqual(
          [...points.times],
          found.map((step) => 1000 + step),
        );
        assert.deepEqual(
          [...points.values],
          found.map((step) => (tag === 'loss' ? valueAt(step) : 1 - step)),
        );
      }
    }));
}

test('places that overlap give each point once, in order', () =>
  inTemporaryFolder(async (dir) => {
    const path = join(dir, 'metrics.jsonl');
    for (const count of [5, 12_500]) {
      writeFileSync(path, metricsFile(count));
      const found = [...(previewOf('metrics', path).scalars[0]?.steps ?? [])];
      assert.deepEqual(
        found,
        [...new Set(found)].sort((a, b) => a - b),
      );
      assert.deepEqual([found[0], found.at(-1)], [0, count - 1]);
    }
  }));

test('the preview of a run that was resumed is without the points that the second session replaced', () =>
  inTemporaryFolder(async (dir) => {
    writeFileSync(join(dir, eventFileName), eventFile());
    const resumed = [versionRecord(), sessionRecord(100), scalarRecord('loss', 100, 1)];
    writeFileSync(join(dir, eventFileName.replace('1.0', '2.0')), Buffer.concat(resumed));
    const read: ReadPiece = (request) =>
      request.isPreview === true ? readPieceHere(request) : new Promise(() => {});
    const source = new RunSource(dir, read);
    await source.begin();
    await source.ensureFresh(1000);
    const { steps: found = [] } = source.runWith(idOf('.'))?.shown.pointsOf('loss') ?? {};
    assert.ok(found.length > 1);
    assert.deepEqual([found.at(-1), Math.max(...found)], [100, 100]);
  }));

test('nothing more is read after the end', () =>
  inTemporaryFolder(async (dir) => {
    for (let run = 0; run < 12; run++) {
      mkdirSync(join(dir, `${run}`));
      writeFileSync(
        join(dir, `${run}`, eventFileName),
        Buffer.concat([versionRecord(), scalarRecord('loss', 1, 1)]),
      );
    }
    let reads = 0;
    let release = () => {};
    const isReleased = new Promise<void>((resolve) => {
      release = resolve;
    });
    const source = new RunSource(dir, async (request) => {
      reads++;
      await isReleased;
      return readPieceHere(request);
    });
    await source.begin();
    while (reads === 0) await nextTurn();
    const before = reads;
    await source.close();
    release();
    await source.refresh();
    assert.ok(before < 12);
    assert.equal(reads, before);
  }));

test('large runs are listed with a preview until they are read', () =>
  inTemporaryFolder(async (dir) => {
    writeFileSync(join(dir, eventFileName), eventFile());
    let release = () => {};
    const isReleased = new Promise<void>((resolve) => {
      release = resolve;
    });
    const read: ReadPiece = async (request) => {
      if (request.isPreview !== true) await isReleased;
      return readPieceHere(request);
    };
    const source = new RunSource(dir, read);
    const told: SourceChanges[] = [];
    source.subscribe((changes) => told.push(changes));
    assert.equal((await source.begin()).runs.length, 1);
    await source.ensureFresh(1000);
    const id = idOf('.');
    const at = async (path: string) => {
      const found = findResource(source, `${id}/${path}`, true);
      const content = await found?.resource.make(found.place);
      return {
        content: typeof content === 'string' ? (JSON.parse(content) as unknown) : content,
        revision: found?.revision,
      };
    };
    const overview = async () => (await at('scalars.json')).content as ScalarOverview;
    const before = await at('scalars.json');
    const [listed] = source.list(true).runs;
    assert.deepEqual([listed?.isRead, listed?.scalars], [false, ['loss', 'other']]);
    assert.ok((listed?.step ?? 0) > steps - 3);
    const preview = await overview();
    assert.equal(
      preview.counts['loss'],
      preview.curves['loss']?.steps.length,
      'the whole curve is not offered',
    );
    assert.equal((await at(`scalars/${idOf('loss')}.bin`)).content, undefined);
    assert.equal(told.length, 0);

    release();
    await source.refresh();
    assert.deepEqual(
      told.map(({ runs }) => runs.map(({ changes }) => changes.isReplaced)),
      [[true]],
    );
    assert.equal(source.list(true).runs[0]?.isRead, true);
    assert.notEqual((await at('scalars.json')).revision, before.revision);
    assert.equal((await overview()).counts['loss'], steps);
    const whole = (await at(`scalars/${idOf('loss')}.bin`)).content;
    assert.ok(whole instanceof Uint8Array && whole.length === steps * 24);
    await source.refresh();
    assert.equal(told.length, 1, 'nothing changed since');
  }));
