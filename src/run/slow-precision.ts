/** Says how slow a precision is on a device that has no fast code for it, as measured in a short trial. */
import type { Job } from '../collective/mpi/start-mpi.ts';
import { type ChosenEngine, chooseEngine } from '../engine/engines.ts';
import { type TimedGraph, timeSteps } from '../engine/time-steps.ts';
import { counted } from '../wording.ts';
import type { DeviceEvent } from './fastest-device.ts';

/** What is reported while an engine is chosen. */
export type EngineEvent = DeviceEvent | { readonly kind: 'warning'; readonly message: string };

/** The largest number of images in a step of the trial. */
const mostImages = 8;

export interface SlowTrial {
  /** The number of images that are computed at once. */
  readonly batchSize: number;
  /** Returns the graph for a number of images. */
  readonly graphFor: (images: number) => TimedGraph;
  /** The processes that compute together. The first one measures and returns the warning. */
  readonly job?: Job | undefined;
}

/** Returns a warning if the engine's precision is slow on its device, with the time of a step in multiples of that in float32.
 * @throws RunError when the engine fails */
export async function slowWarning(
  { engine, slow }: ChosenEngine,
  { batchSize, graphFor, job }: SlowTrial,
): Promise<string | undefined> {
  if (slow === undefined || (job !== undefined && job.rank > 0)) return undefined;
  const { name, device, threads, precision } = engine;
  const images = Math.min(batchSize, mostImages);
  const timed = graphFor(images);
  const exact = chooseEngine({ engine: name, device, threads, precision: 'float32' }).engine;
  const ratio = (await timeSteps(engine, timed)) / (await timeSteps(exact, timed));
  return (
    `${precision} is not fast with \`engine: ${name}\` on \`device: ${device}\`: ${slow}. ` +
    `A step of ${counted(images, 'image')} takes ${ratio.toFixed(1)} times as long as in float32`
  );
}
