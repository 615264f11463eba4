/** The engine that runs graphs with ONNX Runtime. */
import { Worker } from 'node:worker_threads';
import { requireOptions, requireWholeNumber } from '../../../arguments.ts';
import { messageOf, RunError } from '../../../errors.ts';
import type { Graph } from '../../../graph/graph.ts';
import { resultsOf } from '../../../graph/results.ts';
import { usableCores } from '../../../machine/cores.ts';
import { requireMemory } from '../../../machine/memory.ts';
import { makeTemporaryFolder } from '../../../machine/temporary.ts';
import type { TensorType } from '../../../tensor/tensor.ts';
import { workerFlags } from '../../../threads/worker-flags.ts';
import { type Device, deviceParts } from '../../device.ts';
import {
  type CompileOptions,
  compileChecks,
  type Engine,
  type ExchangeStart,
  type Session,
  type Support,
} from '../../engine.ts';
import type { EngineMaker, PrecisionMaker } from '../../maker.ts';
import type { PrecisionOf } from '../../offers.ts';
import { requireTowersOn } from '../../towers-on-device.ts';
import { sessionThreads, WorkerSession } from '../../worker-session.ts';
import { compileGraph } from '../compile/compile.ts';
import type { Target } from '../compile/targets.ts';
import { adviceFor, requireGnuLibrary } from './advice.ts';
import { compileHalves } from './compile-halves.ts';
import { DeviceLock, deviceLockMemory } from './device-lock.ts';
import { deviceSupport } from './device-probe.ts';
import { requireExactFloat32 } from './exact-float32.ts';
import type { SessionStart } from './execution.ts';
import { installedVersion } from './installed-package.ts';
import { disableTelemetry } from './telemetry.ts';

const threadPool = sessionThreads<SessionStart>(() =>
  new DeviceLock(deviceLockMemory()).releaseAtEndOf(
    new Worker(new URL('./cifar10-onnx-worker.js', import.meta.url), { execArgv: workerFlags() }),
  ),
);

/** How long the end of the process waits for a step that uses the device. */
const lastStepMillis = 10_000;

/** Returns the memory of the lock for sessions on WebGPU. If Node.js ends a thread in the middle of a call of ONNX Runtime on WebGPU,
 * the process crashes, so no such call may run while the process ends. */
function webgpuLock(): SharedArrayBuffer {
  const memory = deviceLockMemory();
  if (!isLockKept) process.once('exit', () => new DeviceLock(memory).keep(lastStepMillis));
  isLockKept = true;
  return memory;
}

let isLockKept = false;

/** @param device where sessions compute; `deviceSupport` tells whether it works here
 * @throws RunError when the package onnxruntime-node is not installed, or does not run on this system */
export function createOnnxEngine(
  threads: number = usableCores(),
  device: Device = 'cpu',
): Engine & { readonly name: 'onnx'; readonly precision: 'float32' } {
  return createIn('float32', threads, device);
}

function createIn<P extends OnnxPrecision>(
  precision: P,
  threads: number = usableCores(),
  device: Device = 'cpu',
): Engine & { readonly name: 'onnx'; readonly precision: P } {
  requireWholeNumber('threads', threads, 1);
  disableTelemetry();
  if (deviceParts(device).kind === 'cuda') requireExactFloat32();
  requireGnuLibrary();
  const library = `onnxruntime-node ${installedVersion()}`;
  return {
    name: 'onnx',
    library,
    precision,
    device,
    threads,
    compile: (graph, options = {}) => compile(graph, { precision, threads, device }, options),
  };
}

type OnnxPrecision = PrecisionOf<'onnx'>;

const makers = { float32: makerIn('float32'), float16: makerIn('float16') } as const;

export const onnxMaker: EngineMaker<'onnx'> = {
  rank: 2,
  on: { cpu: makers, webgpu: makers, cuda: makers },
  computes: () => true,
};

function makerIn<P extends OnnxPrecision>(precision: P): PrecisionMaker<'onnx', P> {
  return {
    support: (device) => support(precision, device),
    create: ({ threads, device }) => {
      const found = support(precision, device);
      if (found.verdict === 'missing' || found.verdict === 'impossible')
        throw new RunError(found.why, {
          code: 'CIFAR10_ENGINE_UNAVAILABLE',
          data: { engine: 'onnx', precision },
          ...(found.cause !== undefined && { cause: new Error(found.cause) }),
        });
      return createIn(precision, threads, device);
    },
  };
}

function support(precision: OnnxPrecision, device: Device): Support {
  try {
    createOnnxEngine();
  } catch (error) {
    return { verdict: 'missing', why: messageOf(error) };
  }
  if (device !== 'cpu') return deviceSupport(device, precision);
  if (precision === 'float32') return { verdict: 'fast' };
  return {
    verdict: 'slow',
    why: 'ONNX Runtime has no float16 kernels for CPUs, so it computes in float32 and rounds the results',
  };
}

/** The memory that ONNX Runtime needs, as a multiple of the memory that is live at once. It allocates more than is live,
 * because its arena grows by doubling: 1.3 to 1.5 times as much for training steps with 512 to 2,048 images. This multiple is a
 * little lower, so only sessions that certainly do not fit are refused. */
const memoryShare = 1.2;

async function compile(
  graph: Graph,
  engine: { readonly precision: OnnxPrecision; readonly threads: number; readonly device: Device },
  options: CompileOptions,
): Promise<Session> {
  requireOptions(options, compileChecks);
  const { profiling = false, threads = engine.threads, exchange } = options;
  const { kind } = deviceParts(engine.device);
  const sessions = exchange?.group.kind === 'threads' ? exchange.group.memory.size : 1;
  requireTowersOn(engine.device, sessions);
  const target: Target = { device: kind, precision: engine.precision };
  const graphs =
    exchange === undefined ? { graph: compileGraph(graph, target) } : halvesOf(graph, exchange, target);
  const bytes = [graphs.graph, graphs.before?.graph].reduce((sum, part) => sum + (part?.liveBytes ?? 0), 0);
  const purpose = `graph ${graph.name} on ONNX Runtime${sessions > 1 ? `, in ${sessions.toLocaleString('en-US')} sessions,` : ''}`;
  // All sessions are checked before any of them allocates memory. A device has memory of its own.
  if (kind === 'cpu') requireMemory(purpose, memoryShare * bytes * sessions);
  const start: SessionStart = {
    ...graphs,
    threads,
    device: engine.device,
    ...(kind === 'webgpu' && { lock: webgpuLock() }),
    ...(profiling && { profileFolder: makeTemporaryFolder('cifar10-profile-') }),
  };
  return WorkerSession.create(graph, {
    library: 'ONNX Runtime',
    threads: threadPool,
    start,
    adviceFor,
  });
}

/** Loads a finished model file into a session. The session has no variables.
 * @param name what to call the model in messages
 * @param inputs the types of the model's inputs, with the batch size of every step
 * @param outputs the names of the outputs that every step returns
 * @throws RunError when ONNX Runtime is missing or rejects the model */
export async function openModel(
  name: string,
  model: Uint8Array,
  inputs: ReadonlyMap<string, TensorType>,
  outputs: readonly string[],
): Promise<Session> {
  const { threads } = createOnnxEngine();
  const graph: Graph = {
    name,
    inputs: new Map([...inputs].map(([input, type]) => [input, { ...type, name: input }])),
    variables: new Map(),
    nodes: [],
    results: resultsOf({}),
  };
  const compiled = {
    model,
    variables: [],
    keepsValues: false,
    outputs,
    finite: [],
    watched: new Map<string, string>(),
    shared: [],
    paths: new Map<string, string>(),
    liveBytes: 0,
  };
  const start = { graph: compiled, threads, device: 'cpu' } as const;
  return WorkerSession.create(graph, { library: 'ONNX Runtime', threads: threadPool, start, adviceFor });
}

function halvesOf(
  graph: Graph,
  exchange: ExchangeStart,
  target: Target,
): Pick<SessionStart, 'graph' | 'before'> {
  const { first, second, exchanged, carried } = compileHalves(graph, target);
  return { graph: second, before: { graph: first, exchanged, carried, exchange } };
}
