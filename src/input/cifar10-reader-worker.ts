/** A reader thread: prepares batches by step. */
import { serve } from '../threads/serve.ts';
import { makeImages } from './augmentations.ts';
import { BatchMaker } from './batch.ts';
import { ExampleOrder } from './order.ts';
import type { ReaderMethods, ReaderStart } from './prefetch.ts';

serve<ReaderStart, ReaderMethods>((start) => {
  const { examples, batchSize, imageShape, images } = start;
  const early = start.kind === 'training' ? start.early : undefined;
  const maker = new BatchMaker(examples, makeImages(images, imageShape, examples.dataset), early);
  const order = start.kind === 'training' ? new ExampleOrder(start.seed, examples.count) : undefined;
  const part = start.kind === 'training' ? start.part : undefined;
  return {
    prepare: (step, buffers) =>
      order === undefined
        ? maker.evaluation(step, buffers ?? maker.buffers(batchSize))
        : maker.training(order, step, maker.buffersFor(step, batchSize, buffers), part),
  };
});
