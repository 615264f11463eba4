/**
 * Finds the device on which a graph is computed fastest, for `device: auto`, in a trial of a few seconds.
 *
 * The CPU is timed first. Every other device that works here then computes a few images. If even these take longer than the best
 * device so far needs for all images, the device is slower, and its trial ends. Otherwise it is timed with all images. So a slow
 * device, such as a GPU in software, does not make the trial long.
 */
import type { Job } from '../collective/mpi/start-mpi.ts';
import type { Device } from '../engine/device.ts';
import type { DeviceChoice } from '../engine/device-names.ts';
import { type ChosenEngine, chooseEngine, type EngineRequest, requireOffered } from '../engine/engines.ts';
import { type EngineName, offersWith, type Precision } from '../engine/offers.ts';
import { type TimedGraph, timeSteps } from '../engine/time-steps.ts';
import { messageOf, RunError, requireRunning } from '../errors.ts';
import { ofFirst } from './ranks.ts';

/** What a trial found out about a device. */
export type DeviceTrial =
  | {
      readonly device: Device;
      readonly engine: EngineName;
      readonly imagesPerSecond: number;
      /** Whether the trial ended early, because the device is slower than another. The rate is then an upper bound. */
      readonly isUpperBound: boolean;
    }
  /** The device does not work here. */
  | { readonly device: Device; readonly why: string };

/** The fastest device, and what the trial found. There are no trials if the engine offers the precision on one device only. */
export interface FastestDevice {
  readonly device: Device;
  readonly trials: readonly DeviceTrial[];
}

/** What `fastestDevice` reports. */
export type DeviceEvent =
  /** The trial of a device begins. */
  | { readonly kind: 'tryingDevice'; readonly device: Device }
  /** A device was chosen for `device: auto`. */
  | ({ readonly kind: 'device' } & FastestDevice);

export interface TrialRequest {
  readonly engine: EngineName | 'auto';
  readonly precision: Precision;
  /** The number of threads of an engine. Default: one per usable core. */
  readonly threads?: number;
  /** The number of images that are computed at once. */
  readonly batchSize: number;
  /** Returns the graph for a number of images. */
  readonly graphFor: (images: number) => TimedGraph;
  /** Creates an engine. Default: `chooseEngine` */
  readonly create?: (request: EngineRequest) => ChosenEngine;
  readonly signal?: AbortSignal | undefined;
  readonly report?: (event: DeviceEvent) => void;
}

/** The largest number of images in a step of the trial. */
const mostImages = 512;
/** The number of images with which a device other than the CPU is tried first. */
const fewImages = 1;
/** The time in milliseconds after which the trial of a device begins no further step. */
const limit = 4000;

/** Checks that the engine offers the precision on the device; with `auto`, on any.
 * @throws UsageError for a combination that no machine supports; the message names the alternatives */
export function requireOffer({
  engine,
  precision,
  device,
}: {
  readonly engine: EngineName | 'auto';
  readonly precision: Precision;
  readonly device: DeviceChoice;
}): void {
  if (device !== 'auto') requireOffered(engine, precision, device);
  else if (devicesWith(engine, precision).length === 0) requireOffered(engine, precision);
}

/** Returns the devices on which the engine offers the precision, one of each kind, the CPU first. */
function devicesWith(engine: EngineName | 'auto', precision: Precision): readonly Device[] {
  const found = offersWith({ precision, ...(engine !== 'auto' && { engine }) });
  const kinds = [...new Set(found.map(({ device }) => device))];
  return kinds.toSorted((a, b) => Number(b === 'cpu') - Number(a === 'cpu'));
}

/** Returns the device on which the graph is computed fastest.
 * @param job the processes that choose together. The first one tries the devices
 * @throws RunError when no device works; with several devices, the reasons are those of all
 * @throws StoppedError when the signal is aborted */
export async function fastestDevice(request: TrialRequest, job?: Job): Promise<FastestDevice> {
  const { report = () => undefined } = request;
  const found = await ofFirst(job, () => tryDevices(request), {
    encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
    decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes)) as FastestDevice,
  });
  if (found === undefined) throw new RunError('the first process of the job chose no device');
  report({ kind: 'device', ...found });
  return found;
}

async function tryDevices(request: TrialRequest): Promise<FastestDevice> {
  const { engine, precision, signal, report = () => undefined } = request;
  const devices = devicesWith(engine, precision);
  const [only, ...others] = devices;
  if (only !== undefined && others.length === 0) return { device: only, trials: [] };
  const trials: DeviceTrial[] = [];
  let best: { readonly device: Device; readonly millis: number } | undefined;
  for (const device of devices) {
    requireRunning(signal);
    report({ kind: 'tryingDevice', device });
    const { millis, trial } = await tryDevice(device, request, best?.millis);
    trials.push(trial);
    if (millis < (best?.millis ?? Infinity)) best = { device, millis };
  }
  if (best !== undefined) return { device: best.device, trials };
  const reasons = trials.flatMap((trial) => ('why' in trial ? [trial.why] : []));
  throw new RunError(`no device works here: ${reasons.join('; ')}`);
}

interface Tried {
  /** The time of a step, or infinity if the device is slower than the best one or does not work. */
  readonly millis: number;
  readonly trial: DeviceTrial;
}

/** @param best the time of a step in milliseconds on the best device so far, if there is one */
async function tryDevice(
  device: Device,
  { engine: wanted, precision, threads, batchSize, graphFor, create = chooseEngine }: TrialRequest,
  best: number | undefined,
): Promise<Tried> {
  const images = Math.min(batchSize, mostImages);
  const rate = (millis: number) => (images / millis) * 1e3;
  try {
    const choice = { engine: wanted, precision, device, ...(threads !== undefined && { threads }) };
    const { engine } = create(choice);
    const made = { device, engine: engine.name };
    if (best !== undefined) {
      const few = await timeSteps(engine, graphFor(Math.min(images, fewImages)), { steps: 1 });
      if (few >= best)
        return { millis: Infinity, trial: { ...made, imagesPerSecond: rate(few), isUpperBound: true } };
    }
    const millis = await timeSteps(engine, graphFor(images), { limit });
    return { millis, trial: { ...made, imagesPerSecond: rate(millis), isUpperBound: false } };
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return { millis: Infinity, trial: { device, why: messageOf(error) } };
  }
}
