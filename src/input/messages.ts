/**
 * What the prefetcher and its reader threads say to each other. Every request gets one reply, in order. The memory of
 * a batch moves with the message (it is transferred), so nothing is copied and only one side can touch it.
 */
import type { Batch, BatchBuffers, ExampleRecords } from './batch.ts';

/** Given to a reader when it starts. The records lie in shared memory. */
export type Start = {
  readonly examples: ExampleRecords;
  readonly batchSize: number;
} & ({ readonly kind: 'training'; readonly seed: number } | { readonly kind: 'evaluation' });

/** Asks for the batch of a step, in the given memory or, where there is none to reuse, in new. */
export interface BatchRequest {
  readonly step: number;
  readonly buffers: BatchBuffers | undefined;
}

export type Reply =
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'failed'; readonly message: string };

/** The memory to transfer with a message. */
export function memoryOf({ images, labels, examples }: BatchBuffers): ArrayBuffer[] {
  return [images, labels, examples].map(({ buffer }) => buffer as ArrayBuffer);
}
