import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { writeCheckpoint } from '../checkpoint/checkpoint.ts';
import type { RunError } from '../errors.ts';
import type { SummaryValue } from '../summary/event.ts';
import { eventFilesOf } from '../summary/event-file-name.ts';
import { readRun } from '../summary/event-reader.ts';
import { EventWriter } from '../summary/event-writer.ts';
import { encodeGraphDef } from '../summary/graph-def.ts';
import { histogramOf } from '../summary/histogram.ts';
import { experimentValue, hyperparametersOf, sessionStartValue } from '../summary/hparams.ts';
import { sampleCheckpoint } from '../testing/checkpoints.ts';
import { inTemporaryFolder } from '../testing/examples.ts';
import { cifar10 } from '../testing/in-process.ts';
import { summarizeEvents } from './events.ts';

const settings = { engine: 'onnx', batchSize: 128, use_fp16: false, learningRate: 0.1 };
const onError = (error: RunError) => assert.fail(error);

/** Writes a run that was killed after step 20 and resumed from step 20. */
function writeRun(dir: string): void {
  const killed = new EventWriter({ dir, startStep: 0, onError });
  const nodes = ['images', 'conv1/conv1'].map((name) => ({ name, op: 'NoOp', inputs: [] }));
  killed.add({ kind: 'graph', graphDef: encodeGraphDef(nodes) }, 0);
  const created = { hyperparameters: settings, metrics: [], created: 1 };
  killed.add({ kind: 'summary', values: [experimentValue(created), sessionStartValue(settings, 1)] }, 0);
  for (const step of [0, 10, 20]) killed.add({ kind: 'summary', values: valuesAt(step) }, step);
  killed.add({ kind: 'summary', values: [{ tag: 'gone', kind: 'scalar', value: 1 }] }, 20);
  killed.close();
  const resumed = new EventWriter({ dir, startStep: 20, onError });
  resumed.add({ kind: 'summary', values: valuesAt(20.5) }, 20);
  resumed.close();
}

const valuesAt = (value: number): readonly SummaryValue[] => [
  { tag: 'total_loss', kind: 'scalar', value },
  { tag: 'weights', kind: 'histogram', histogram: histogramOf(Float32Array.of(-value, 0.5, value)) },
  {
    ...{ tag: 'images/image/0', kind: 'image' },
    image: { width: 24, height: 12, channels: 3, png: new Uint8Array(1) },
  },
];

const expected = [
  { kind: 'scalar', tag: 'total_loss', points: 3, firstStep: 0, lastStep: 20, value: 20.5 },
  {
    ...{ kind: 'histogram', tag: 'weights', points: 3, firstStep: 0, lastStep: 20 },
    ...{ values: 3, min: -20.5, max: 20.5 },
  },
  { kind: 'image', tag: 'images/image/0', points: 3, firstStep: 0, lastStep: 20, width: 24, height: 12 },
];

test('every tag is shown with its number of points, its first and last step and its last value, without invalidated points', () =>
  inTemporaryFolder(async (dir) => {
    writeRun(dir);
    assert.deepEqual(summarizeEvents(await readRun(dir), assert.fail), {
      tags: expected,
      graphNodes: 2,
      hyperparameters: settings,
      unread: [],
    });
  }));

test('a run without graph and hyperparameters is summarized', () =>
  inTemporaryFolder(async (dir) => {
    new EventWriter({ dir, startStep: 0, onError }).close();
    assert.deepEqual(summarizeEvents(await readRun(dir), assert.fail), {
      ...{ tags: [], hyperparameters: {}, unread: [] },
    });
    assert.throws(
      () => hyperparametersOf(Uint8Array.of(0x2a, 9)),
      /^RunError: cannot decode the hyperparameters in an event file/,
    );
  }));

test('inspect shows an event file, a folder of event files, and a run before its events', () =>
  inTemporaryFolder(async (dir) => {
    writeRun(dir);
    const inspect = async (...words: readonly string[]) => {
      const { code, output, errors } = await cifar10(['inspect', ...words]);
      assert.equal(code, 0, errors);
      return output;
    };
    const text = await inspect(dir);
    assert.ok(text.startsWith(`${dir}: 3 tags, a graph of 2 nodes\n`), text);
    assert.match(text, /^ {2}learningRate +0\.1$/m);
    assert.match(text, /^total_loss +scalar +3 +0 +20 +20\.5$/m);
    assert.match(text, /^weights +histogram +3 +0 +20 +-20\.5 … 20\.5$/m);
    assert.match(text, /^images\/image\/0 +image +3 +0 +20 +24 × 12$/m);

    const [first = '', second = ''] = await eventFilesOf(dir);
    assert.match(await inspect(first), /^gone +scalar +1 +20 +20 +1$/m, 'only this file is shown');
    const json = JSON.parse(await inspect(dir, '--json')) as Record<string, unknown>;
    assert.deepEqual(json, {
      ...{ kind: 'events', path: dir, tags: expected },
      ...{ graphNodes: 2, hyperparameters: settings, unread: [] },
    });

    await writeCheckpoint(dir, sampleCheckpoint(7));
    const kinds = (await inspect(dir, '--json'))
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { readonly kind: string }).kind);
    assert.deepEqual(kinds, ['run', 'contents', 'events']);

    rmSync(first);
    const alone = JSON.parse(await inspect(join(dir, basename(second)), '--json')) as Record<string, unknown>;
    assert.deepEqual([alone['graphNodes'], alone['hyperparameters']], [null, {}]);
  }));
