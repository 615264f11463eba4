/** Says how slow a precision is on a device that has no fast code for it, as measured in a short trial. */
import type { Job } from '../collective/mpi/start-mpi.ts';
import type { Engine, Precision } from '../engine/engine.ts';
import { type ChosenEngine, chooseEngine } from '../engine/engines.ts';
import { type TimedGraph, timeSteps } from '../engine/time-steps.ts';
import { counted } from '../wording.ts';
import type { DeviceEvent } from './fastest-device.ts';

/** What is reported while an engine is chosen. */
export type EngineEvent = DeviceEvent | { readonly kind: 'warning'; readonly message: string };

/** The largest number of images in a step of the trial, on the CPU and on other devices, which are only fast with many. */
const mostImages = { cpu: 8, other: 64 } as const;
/** After this time in milliseconds, no other step of the trial begins. */
const limit = 5000;
/** A step that takes up to this many times as long as in float32 is not called slow on a device other than the CPU. */
const leastRatio = 1.1;

export interface SlowTrial {
  /** The number of images that are computed at once. */
  readonly batchSize: number;
  /** Returns the graph for a number of images. */
  readonly graphFor: (images: number) => TimedGraph;
  /** The processes that compute together. The first one measures and returns the warning. */
  readonly job?: Job | undefined;
}

/** Returns the time of a step in a precision, in milliseconds. */
type TimeOf = (precision: Precision, timed: TimedGraph) => Promise<number>;

/** Returns a warning if the engine's precision is slow on its device, with the time of a step in multiples of that in float32. For the
 * CPU, the engine says whether it is slow. On other devices, only the trial shows it.
 * @param timeOf measures a step. Default: a few steps on the device
 * @throws RunError when the engine fails */
export async function slowWarning(
  { engine, slow }: ChosenEngine,
  { batchSize, graphFor, job }: SlowTrial,
  timeOf: TimeOf = stepTimes(engine),
): Promise<string | undefined> {
  const { name, device, precision } = engine;
  const isTried = slow !== undefined || (device !== 'cpu' && precision !== 'float32');
  if (!isTried || (job !== undefined && job.rank > 0)) return undefined;
  const images = Math.min(batchSize, device === 'cpu' ? mostImages.cpu : mostImages.other);
  const timed = graphFor(images);
  const ratio = (await timeOf(precision, timed)) / (await timeOf('float32', timed));
  if (slow === undefined && ratio <= leastRatio) return undefined;
  return (
    `${precision} is not fast with \`engine: ${name}\` on \`device: ${device}\`: ${slow ?? 'it has faster code for float32'}. ` +
    `A step of ${counted(images, 'image')} takes ${ratio.toFixed(1)} times as long as in float32`
  );
}

/** Returns a function that times a few steps on the device of an engine. */
function stepTimes(engine: Engine): TimeOf {
  const { name, device, threads } = engine;
  return (precision, timed) =>
    timeSteps(
      precision === engine.precision
        ? engine
        : chooseEngine({ engine: name, device, threads, precision }).engine,
      timed,
      { limit },
    );
}
