/** A reader thread: prepares batches by step. */
import { serve } from '../threads/serve.ts';
import { distortedBatch, evaluationBatch, newBuffers } from './batch.ts';
import { ExampleOrder } from './order.ts';
import type { ReaderMethods, ReaderStart } from './prefetch.ts';

serve<ReaderStart, ReaderMethods>((start) => {
  const { examples, batchSize } = start;
  const order = start.kind === 'training' ? new ExampleOrder(start.seed, examples.count) : undefined;
  return {
    prepare: (step, buffers = newBuffers(batchSize)) =>
      order === undefined
        ? evaluationBatch(examples, step, buffers)
        : distortedBatch(examples, order, step, buffers),
  };
});
