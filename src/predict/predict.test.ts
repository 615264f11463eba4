import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { writeCheckpoint } from '../checkpoint/checkpoint.ts';
import { noisePng, withoutDecoder, writeFiles } from '../testing/picture-files.ts';
import { noisePicture } from '../testing/pictures.ts';
import { randomCheckpoint } from '../testing/trained.ts';
import { type PredictionControl, type PredictionEvent, type PredictionRequest, predict } from './predict.ts';

const folder = await mkdtemp(join(tmpdir(), 'cifar10-predict-events-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const checkpointDir = join(folder, 'run');
await writeCheckpoint(
  checkpointDir,
  randomCheckpoint({ network: 'cifar10', configuration: { conv1: 4, conv2: 4, local3: 8, local4: 8 } }),
);
const photos = Array.from({ length: 30 }, (_, index) => join(folder, `photos/${index}.png`));
await writeFiles(Object.fromEntries(photos.map((path, index) => [path, noisePng(index)])));

async function eventsOf(
  request: Omit<PredictionRequest, 'checkpointDir'>,
  control: PredictionControl = {},
): Promise<readonly PredictionEvent[]> {
  const events: PredictionEvent[] = [];
  for await (const event of predict({ checkpointDir, ...request }, control)) events.push(event);
  return events;
}

async function* chunksOf(bytes: Uint8Array, error?: Error): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
  if (error !== undefined) throw error;
}

describe('predict', { skip: withoutDecoder }, () => {
  test('yields one event for each source, in order, whatever the batch size', async () => {
    const sources = [...photos.slice(0, 9), join(folder, 'missing.png'), ...photos.slice(9), photos[0] ?? ''];
    const all = await eventsOf({ sources, topK: 2 });
    assert.deepEqual(
      all.map((event) => ('path' in event ? event.path : event.kind)),
      ['model', ...sources, 'end'],
    );
    assert.deepEqual(all.at(-1), { kind: 'end', pictures: 31, unreadable: 1, ignored: 0, stopped: false });
    for (const batchSize of [1, 7, 31]) {
      const others = await eventsOf({ sources, topK: 2, batchSize });
      for (const [index, event] of others.entries()) {
        const expected = all[index];
        if (event.kind !== 'prediction' || expected?.kind !== 'prediction') continue;
        assert.equal(event.predictions.length, 2);
        for (const [rank, { label, probability }] of event.predictions.entries()) {
          assert.equal(label, expected.predictions[rank]?.label);
          assert.ok(Math.abs(probability - (expected.predictions[rank]?.probability ?? 9)) < 1e-5);
        }
      }
    }
  });

  test('decodes many small JPEG files in threads, with the same events', async () => {
    const [jpeg, other] = [join(folder, 'small.jpg'), join(folder, 'larger.jpg')];
    await writeFiles({
      [jpeg]: await noisePicture(1, 32, 32).jpeg().toBuffer(),
      [other]: await noisePicture(2, 40, 50).jpeg().toBuffer(),
    });
    const few = [jpeg, other, photos[0] ?? '', join(folder, 'missing.png')];
    const many = Array.from({ length: 1100 }, (_, index) => (index % 100 < 4 ? few[index % 4] : jpeg) ?? '');
    const expected = new Map(
      (await eventsOf({ sources: few, topK: 1 })).map((event) => ['path' in event ? event.path : '', event]),
    );
    const [, ...events] = await eventsOf({ sources: many, topK: 1 });
    assert.equal(events.pop()?.kind, 'end');
    assert.equal(events.length, many.length);
    for (const [index, event] of events.entries()) {
      const alone = expected.get(many[index] ?? '');
      if (event.kind === 'prediction' && alone?.kind === 'prediction') {
        assert.equal(event.path, alone.path);
        assert.equal(event.predictions[0]?.label, alone.predictions[0]?.label);
      } else assert.deepEqual(event, alone);
    }
  });

  test('reads a picture from a stream, and reports one that fails', async () => {
    const [, fromStream] = await eventsOf({ sources: ['-'] }, { input: chunksOf(noisePng(3)) });
    const [, fromFile] = await eventsOf({ sources: photos.slice(3, 4) });
    assert.deepEqual({ ...fromStream, path: '' }, { ...fromFile, path: '' });
    const [, failed] = await eventsOf(
      { sources: ['-'] },
      { input: chunksOf(noisePng(3), new Error('connection lost')) },
    );
    assert.deepEqual(failed, {
      ...{ kind: 'unreadable', path: '-' },
      reason: 'standard input cannot be read (connection lost)',
    });
  });

  test('ends without an error when it is stopped, and when its caller leaves', async () => {
    const control = new AbortController();
    const kinds: string[] = [];
    const sources = Array.from({ length: 50 }, () => photos).flat();
    for await (const event of predict({ checkpointDir, sources, batchSize: 8 }, { signal: control.signal })) {
      if (event.kind === 'prediction') control.abort();
      kinds.push(event.kind);
      if (event.kind === 'end') assert.ok(event.stopped && event.pictures < sources.length);
    }
    assert.equal(kinds.at(-1), 'end');
    for await (const event of predict({ checkpointDir, sources })) if (event.kind === 'prediction') break;
  });

  test('refuses requests that cannot work, before it reads anything', async () => {
    const nowhere = { checkpointDir: 'nowhere' };
    for (const [request, message] of [
      [{ sources: [] }, /`sources`: expected at least one file/],
      [{ sources: ['-', '-'] }, /can be read only once/],
      [{ sources: [''] }, /sources\[0\]/],
      [{ sources: ['a'], topK: 0 }, /topK: found 0/],
      [{ sources: ['a'], engine: 'onnx', precision: 'bfloat16' }, /only computes in float32/],
      [{ sources: ['a'], topk: 1 }, /unknown option `topk`\. Did you mean `topK`\?/],
    ] as const)
      await assert.rejects(predict({ ...nowhere, ...request } as PredictionRequest).next(), {
        name: 'UsageError',
        message,
      });
    const input: unknown = 'bytes';
    const control = { input: input as AsyncIterable<Uint8Array> };
    await assert.rejects(predict({ ...nowhere, sources: ['-'] }, control).next(), { name: 'UsageError' });
  });
});
