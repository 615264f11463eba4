import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { noiseExamples } from '../testing/examples.ts';
import { Reader } from './reader.ts';

const { count, records } = noiseExamples(4);
const start = { kind: 'evaluation', examples: { count, records }, batchSize: 2 } as const;

/** A thread that runs the given lines instead of the reader's. */
function readerRunning(lines: string): Reader {
  const script = `import { parentPort } from 'node:worker_threads';\n${lines}`;
  return new Reader(start, () => new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`)));
}

const failed = 'The thread that prepares batches failed';

test('the message of a failure inside the thread is told, for what was asked and for what is asked later', async () => {
  const reader = readerRunning(
    `parentPort.on('message', () => parentPort.postMessage({ kind: 'failed', message: 'out of film' }));`,
  );
  const error = { name: 'RunError', message: `${failed}: out of film` };
  const requests = [reader.prepare(0, undefined), reader.prepare(1, undefined)];
  for (const request of requests) await assert.rejects(request, error);
  await assert.rejects(reader.prepare(2, undefined), error);
  await reader.close();
});

test('a thread that throws or leaves is a failure too', async () => {
  const throwing = readerRunning(`throw new Error('no such planet');`);
  await assert.rejects(throwing.prepare(0, undefined), { message: `${failed}: no such planet` });
  const leaving = readerRunning('process.exit(3);');
  await assert.rejects(leaving.prepare(0, undefined), { message: `${failed}: it left with code 3` });
  await Promise.all([throwing.close(), leaving.close()]);
});

test('a batch that was ready before the failure is still given out', async () => {
  const reader = readerRunning(`
    const batch = { step: 0 };
    const replies = [{ kind: 'batch', batch }, { kind: 'failed', message: 'out of film' }];
    parentPort.on('message', () => parentPort.postMessage(replies.shift()));
  `);
  const first = reader.prepare(0, undefined);
  await assert.rejects(reader.prepare(1, undefined), /out of film/);
  assert.equal((await first).step, 0);
  await reader.close();
});
