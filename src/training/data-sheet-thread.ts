/** Draws a sheet of a data set's pictures in a thread of its own, because drawing and compressing take longer than a step. */
import { Worker } from 'node:worker_threads';
import { type ExampleRecords, type Examples, recordsOf } from '../data/examples.ts';
import { requireRunning } from '../errors.ts';
import { Thread } from '../threads/thread.ts';
import { workerFlags } from '../threads/worker-flags.ts';
import type { SheetOptions } from './data-sheet.ts';

export type SheetMethods = { readonly draw: (options: SheetOptions) => Uint8Array };

/** Draws the sheet in a new thread, and returns it as a PNG file.
 * @param signal ends the thread when it is aborted
 * @throws RunError when the augmentation cannot make the images, or no thread can be started
 * @throws StoppedError when `signal` is aborted */
export async function drawDataSheet(
  examples: Examples,
  options: SheetOptions,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  requireRunning(signal);
  const thread = new Thread<ExampleRecords, SheetMethods>('the thread that draws the data', newDrawer);
  const stop = () => void thread.terminate();
  signal?.addEventListener('abort', stop, { once: true });
  try {
    await thread.begin(recordsOf(examples));
    return await thread.call('draw', [options]);
  } catch (error) {
    requireRunning(signal);
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    await thread.terminate();
  }
}

function newDrawer(): Worker {
  return new Worker(new URL('./cifar10-sheet-worker.js', import.meta.url), { execArgv: workerFlags() });
}
