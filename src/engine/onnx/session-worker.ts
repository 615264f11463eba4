/**
 * The thread of one session. ONNX Runtime's `run` blocks the event loop of the thread that calls it, so the main
 * thread never does; it stays free for signals, files and the next batch.
 */
import { parentPort, workerData } from 'node:worker_threads';
import * as ort from 'onnxruntime-node';
import type { Tensor } from '../../tensor/tensor.ts';
import { serveSession } from '../serve-session.ts';
import { endProfile } from './profile.ts';
import type { SessionStart } from './session-start.ts';

if (parentPort === null) throw new Error('session-worker runs as a worker thread');
const start = workerData as SessionStart;

/**
 * Two sets of buffers: a step reads one and writes the other, then they change places. An output must never be bound
 * to the buffer of an input: ONNX Runtime does not see that they are the same and may write a new weight before an
 * operator has read the old one. Variables without an update stand in both sets with one buffer.
 */
interface Variable {
  current: ort.Tensor;
  next: ort.Tensor;
  readonly update: string | null;
}

function ortTensor({ dtype, shape, data }: Tensor): ort.Tensor {
  if (dtype === 'float32') return new ort.Tensor('float32', data, shape);
  if (dtype === 'int32') return new ort.Tensor('int32', data, shape);
  if (dtype === 'int64') return new ort.Tensor('int64', data, shape);
  return new ort.Tensor('bool', data, shape);
}

/** A copy, for the tensor's own buffer is written again. */
function tensorOf({ type, dims, data }: ort.Tensor): Tensor {
  if (type === 'float32' && data instanceof Float32Array)
    return { dtype: type, shape: dims, data: data.slice() };
  if (type === 'int32' && data instanceof Int32Array) return { dtype: type, shape: dims, data: data.slice() };
  if (type === 'int64' && data instanceof BigInt64Array)
    return { dtype: type, shape: dims, data: data.slice() };
  if (type === 'bool' && data instanceof Uint8Array) return { dtype: type, shape: dims, data: data.slice() };
  throw new TypeError(`ONNX Runtime returned a tensor of type ${type}`);
}

const variables = new Map<string, Variable>(
  start.variables.map(({ name, type, update }) => {
    const current = ortTensor(type);
    return [
      name,
      {
        current,
        next: update === null ? current : ortTensor({ ...type, data: type.data.slice() } as Tensor),
        update,
      },
    ];
  }),
);

const options: ort.InferenceSession.SessionOptions = {
  executionProviders: ['cpu'],
  intraOpNumThreads: start.threads,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  // Between two steps the cores belong to the reader threads.
  extra: { session: { force_spinning_stop: '1' } },
};
const session = ort.InferenceSession.create(start.model, {
  ...options,
  ...(start.profilePrefix !== undefined && { enableProfiling: true, profileFilePrefix: start.profilePrefix }),
});

type OrtTensors = Readonly<Record<string, ort.Tensor>>;

async function step(fed: ReadonlyMap<string, Tensor>, watch: boolean): Promise<ReadonlyMap<string, Tensor>> {
  const feeds: Record<string, ort.Tensor> = {};
  const fetches: Record<string, ort.Tensor | null> = {};
  for (const [name, tensor] of fed) feeds[name] = ortTensor(tensor);
  for (const [name, { current, next, update }] of variables) {
    feeds[name] = current;
    if (update !== null) fetches[update] = next;
  }
  for (const name of watch ? [...start.outputs, ...start.shared] : start.outputs) fetches[name] = null;
  // Made before the variables change: where it cannot be, nothing has happened.
  if (watch) await watching();
  const results = await (await session).run(feeds, fetches);
  for (const variable of variables.values()) {
    [variable.current, variable.next] = [variable.next, variable.current];
  }
  const own = start.outputs.map((name) => [name, name] as const);
  // The buffers of the variables before the step are not written again before the next.
  const seen = watch ? await computeWatched({ ...feeds, ...results }) : results;
  const asked = watch ? [...own, ...start.watched] : own;
  return new Map(asked.map(([name, there]) => [name, tensorOf(found(seen, there))] as const));
}

function found(tensors: OrtTensors, name: string): ort.Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new TypeError(`ONNX Runtime returned no ${name}`);
  return tensor;
}

let watchSession: Promise<ort.InferenceSession> | undefined;

/** The session of what is only watched, made when somebody first watches. */
function watching(): Promise<ort.InferenceSession | undefined> {
  if (start.watch !== undefined) watchSession ??= ort.InferenceSession.create(start.watch.model, options);
  return Promise.resolve(watchSession);
}

/** Adds to what a step has computed what watching computes from it. */
async function computeWatched(known: OrtTensors): Promise<OrtTensors> {
  const inputs = start.watch?.inputs ?? [];
  const feeds = Object.fromEntries(inputs.map((name) => [name, found(known, name)] as const));
  return { ...known, ...(await (await watching())?.run(feeds)) };
}

function write(tensors: ReadonlyMap<string, Tensor>): void {
  for (const [name, tensor] of tensors) {
    const variable = variables.get(name);
    if (variable === undefined) throw new Error(`there is no variable ${name}`);
    fill(variable.current, tensor);
  }
}

/** Copies the values of a tensor into one of ONNX Runtime's. */
function fill({ type, data: target }: ort.Tensor, { dtype, data }: Tensor): void {
  if (target instanceof Float32Array && data instanceof Float32Array) target.set(data);
  else if (target instanceof Int32Array && data instanceof Int32Array) target.set(data);
  else if (target instanceof BigInt64Array && data instanceof BigInt64Array) target.set(data);
  else if (target instanceof Uint8Array && data instanceof Uint8Array) target.set(data);
  else throw new TypeError(`${dtype} cannot be written to ${type}`);
}

serveSession(
  parentPort,
  session.then((made) => ({
    write,
    step,
    read: () => new Map([...variables].map(([name, { current }]) => [name, tensorOf(current)])),
    profile: async (feeds, steps) => {
      for (let i = 0; i < steps; i++) await step(feeds, false);
      return endProfile(made, start.profilePrefix);
    },
    release: async () => {
      const watched = await watchSession?.catch(() => undefined);
      await watched?.release();
      await made.release();
    },
  })),
);
