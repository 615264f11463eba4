/** Creates the engine that computes a network for evaluations and predictions. */
import type { Job } from '../collective/mpi/start-mpi.ts';
import type { DeviceChoice } from '../engine/device-names.ts';
import { type ChosenEngine, chooseEngine } from '../engine/engines.ts';
import type { EngineName, Precision } from '../engine/offers.ts';
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import type { Network } from '../model/network.ts';
import { factsOfDevice, requireAlike } from './alike.ts';
import { type FastestDevice, fastestDevice, requireOffer } from './fastest-device.ts';
import { ownDevice } from './own-device.ts';
import { coresOf, together } from './ranks.ts';
import { type EngineEvent, slowWarning } from './slow-precision.ts';

export interface InferenceRequest {
  readonly engine: EngineName | 'auto';
  readonly precision: Precision;
  readonly device: DeviceChoice;
  /** The number of images that are computed at once. */
  readonly batchSize: number;
}

export interface InferenceControl {
  /** The processes that score together. All of them call this. */
  readonly job?: Job | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly report?: (event: EngineEvent) => void;
}

export interface InferenceEngine extends ChosenEngine {
  /** What the trial of `device: auto` found, or undefined if the request names a device. */
  readonly fastest: FastestDevice | undefined;
}

/** Creates the engine of a request. With `device: auto`, the network is first tried on the devices of this machine.
 * @throws UsageError for an engine that does not offer the precision on the device
 * @throws RunError when the engine or the device cannot be used, or processes of a job request different devices */
export async function inferenceEngine(
  { engine, precision, device: wanted, batchSize }: InferenceRequest,
  network: Network,
  { job, signal, report = () => undefined }: InferenceControl = {},
): Promise<InferenceEngine> {
  requireOffer({ engine, precision, device: wanted });
  await requireAlike(job, () => factsOfDevice(wanted));
  const threads = await coresOf(job);
  const graphFor = (images: number) => ({ graph: buildEvaluationGraph(network, images) });
  const trial = { engine, precision, threads, batchSize, graphFor, signal, report };
  const fastest = wanted === 'auto' ? await fastestDevice(trial, job) : undefined;
  const device = await ownDevice(fastest?.device ?? (wanted === 'auto' ? 'cpu' : wanted), job);
  const chosen = await together(job, async () => chooseEngine({ engine, precision, device, threads }));
  const message = await together(job, () => slowWarning(chosen, { batchSize, graphFor, job }));
  if (message !== undefined) report({ kind: 'warning', message });
  return { ...chosen, fastest };
}
