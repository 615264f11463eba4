/** A reader thread: prepares the batch of every step it is asked for. */
import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import { type Batch, distortedBatch, evaluationBatch, newBuffers } from './batch.ts';
import { type BatchRequest, memoryOf, type Reply, type Start } from './messages.ts';
import { ExampleOrder } from './order.ts';

if (parentPort === null) throw new Error('cifar10-reader-worker runs as a worker thread');
const port = parentPort;
const start = workerData as Start;
const order = start.kind === 'training' ? new ExampleOrder(start.seed, start.examples.count) : undefined;

function prepare({ step, buffers = newBuffers(start.batchSize) }: BatchRequest): Batch {
  if (order === undefined) return evaluationBatch(start.examples, step, buffers);
  return distortedBatch(start.examples, order, step, buffers);
}

port.on('message', (request: BatchRequest) => {
  try {
    const batch = prepare(request);
    port.postMessage({ kind: 'batch', batch } satisfies Reply, memoryOf(batch));
  } catch (error) {
    port.postMessage({ kind: 'failed', message: messageOf(error) } satisfies Reply);
  }
});
