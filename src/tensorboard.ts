/**
 * `cifar10-ts/tensorboard`: writes and reads TensorBoard's event files, from any program.
 *
 * @module cifar10-ts/tensorboard
 *
 * @example
 * import { readRun, SummaryWriter } from 'cifar10-ts/tensorboard';
 *
 * const writer = new SummaryWriter('logs/run1');
 * for (let step = 0; step < 100; step++) writer.scalar('loss', Math.exp(-step / 20), step);
 * writer.close();
 *
 * const { scalars } = await readRun('logs/run1');
 * console.log(scalars.get('loss')?.at(-1)?.value);
 */
export type { Failures } from './errors.ts';
export { RunError, UsageError } from './errors.ts';
export type {
  EncodedImage,
  EventContent,
  SessionStatus,
  SummaryContent,
  SummaryEvent,
  SummaryValue,
  UnreadValue,
} from './summary/event.ts';
export { readRun } from './summary/event-reader.ts';
export type { Histogram } from './summary/histogram.ts';
export type { Hyperparameters } from './summary/hparams.ts';
export { hyperparametersOf } from './summary/hparams.ts';
export type { ReadSummariesOptions, ReadSummary } from './summary/read-summaries.ts';
export { readSummaries } from './summary/read-summaries.ts';
export type { Curves, PluginValue, Point, RunEvents } from './summary/run-events.ts';
export type {
  HparamsOptions,
  SummaryImage,
  SummaryOptions,
  SummaryWriterOptions,
} from './summary/summary-writer.ts';
export { SummaryWriter } from './summary/summary-writer.ts';
