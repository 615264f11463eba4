/** A compiled graph in ONNX Runtime: its sessions, and the buffers of its variables. */
import * as ort from 'onnxruntime-node';
import { dtypeNames, dtypes } from '../../../tensor/dtype.ts';
import { bytesOf, sizeOf, type Tensor, type TensorType, tensorOver } from '../../../tensor/tensor.ts';
import type { PartTime, Tensors } from '../../engine.ts';
import { SessionMemory } from '../../session-memory.ts';
import type { CompiledGraph } from '../compile/compile.ts';
import { endProfile, removeProfile } from './profile.ts';

/** What the main thread sends to start a session. */
export interface SessionStart extends CompiledGraph {
  readonly threads: number;
  /** The prefix of the path of the file to which ONNX Runtime writes its profile, or undefined if it should write none. */
  readonly profilePrefix?: string;
}

/**
 * A variable has two buffers: a step reads one and writes the other, then they are swapped. An output must never be bound to
 * the buffer of an input, because ONNX Runtime does not notice that they are the same and may write a new weight before an
 * operator has read the old one. A variable without an update has only one buffer.
 */
interface Variable {
  current: ort.Tensor;
  next: ort.Tensor;
  readonly update: string | null;
}

type OrtTensors = Readonly<Record<string, ort.Tensor>>;

// ONNX Runtime throws its errors. By default it also prints them, in color and with the paths of its C++ files.
ort.env.logLevel = 'fatal';

function sessionOptions(threads: number): ort.InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 4,
    // Waiting threads must not spin, because the reader threads need the cores between steps.
    extra: { session: { force_spinning_stop: '1' } },
  };
}

export class OnnxExecution {
  readonly #start: SessionStart;
  readonly #session: ort.InferenceSession;
  readonly #variables: ReadonlyMap<string, Variable>;
  readonly #memory: SessionMemory[] = [];
  /** The session of the second model. It is created when a step is watched for the first time. */
  #watchSession: Promise<ort.InferenceSession> | undefined;

  private constructor(start: SessionStart, session: ort.InferenceSession) {
    this.#start = start;
    this.#session = session;
    this.#variables = new Map(
      start.variables.map(({ name, type, update }) => {
        const current = this.#zeros(type);
        const next = update === null ? current : this.#zeros(type);
        return [name, { current, next, update }];
      }),
    );
  }

  /** @throws Error when ONNX Runtime rejects the model */
  static async create(start: SessionStart): Promise<OnnxExecution> {
    const { model, threads, profilePrefix } = start;
    try {
      const session = await ort.InferenceSession.create(model, {
        ...sessionOptions(threads),
        ...(profilePrefix !== undefined && { enableProfiling: true, profileFilePrefix: profilePrefix }),
      });
      return new OnnxExecution(start, session);
    } catch (error) {
      removeProfile(profilePrefix);
      throw error;
    }
  }

  async step(fed: Tensors, watch: boolean): Promise<Tensors> {
    const { outputs, shared, watched } = this.#start;
    const feeds: Record<string, ort.Tensor> = {};
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const [name, tensor] of fed) feeds[name] = ortTensor(tensor);
    for (const [name, { current, next, update }] of this.#variables) {
      feeds[name] = current;
      if (update !== null) fetches[update] = next;
    }
    for (const name of watch ? [...outputs, ...shared] : outputs) fetches[name] = null;
    // The session of the second model is created before the variables change, so that a failure does not affect them.
    if (watch) await this.#watching();
    const results = await this.#session.run(feeds, fetches);
    for (const variable of this.#variables.values()) {
      [variable.current, variable.next] = [variable.next, variable.current];
    }
    const own = outputs.map((name) => [name, name] as const);
    // The buffers with the variables as they were before this step stay valid until the next step.
    const seen = watch ? await this.#computeWatched({ ...feeds, ...results }) : results;
    const requested = watch ? [...own, ...watched] : own;
    return new Map(requested.map(([name, there]) => [name, tensorOf(found(seen, there))] as const));
  }

  write(tensors: Tensors): void {
    for (const [name, tensor] of tensors) {
      const variable = this.#variables.get(name);
      if (variable === undefined) throw new Error(`unknown variable ${name}`);
      fill(variable.current, tensor);
    }
  }

  read(): Tensors {
    return new Map([...this.#variables].map(([name, { current }]) => [name, tensorOf(current)]));
  }

  /** Runs `steps` steps with the same feeds and returns the time of each node. */
  async profile(feeds: Tensors, steps: number): Promise<readonly PartTime[]> {
    for (let i = 0; i < steps; i++) await this.step(feeds, false);
    return endProfile(this.#session, this.#start.profilePrefix);
  }

  async close(): Promise<void> {
    const watched = await this.#watchSession?.catch(() => undefined);
    await watched?.release();
    await this.#session.release();
    removeProfile(this.#start.profilePrefix);
    for (const memory of this.#memory) memory.free();
  }

  #zeros(type: TensorType): ort.Tensor {
    const memory = new SessionMemory(sizeOf(type.shape) * dtypes[type.dtype].bytesPerElement);
    this.#memory.push(memory);
    return ortTensor(tensorOver(type, memory.buffer));
  }

  #watching(): Promise<ort.InferenceSession | undefined> {
    const { watch, threads } = this.#start;
    if (watch !== undefined)
      this.#watchSession ??= ort.InferenceSession.create(watch.model, sessionOptions(threads));
    return Promise.resolve(this.#watchSession);
  }

  /** Adds the results of the second model to those of the step. */
  async #computeWatched(known: OrtTensors): Promise<OrtTensors> {
    const inputs = this.#start.watch?.inputs ?? [];
    const feeds = Object.fromEntries(inputs.map((name) => [name, found(known, name)] as const));
    return { ...known, ...(await (await this.#watching())?.run(feeds)) };
  }
}

/** Makes an ONNX Runtime tensor that shares the data of one of our tensors. Element types have the same names in both. */
function ortTensor({ dtype, shape, data }: Tensor): ort.Tensor {
  switch (dtype) {
    case 'float32':
      return new ort.Tensor(dtype, data, shape);
    case 'int32':
      return new ort.Tensor(dtype, data, shape);
    case 'int64':
      return new ort.Tensor(dtype, data, shape);
    case 'bool':
      return new ort.Tensor(dtype, data, shape);
  }
}

/** Copies the data, because the buffer of the ONNX Runtime tensor is reused. */
function tensorOf({ type, dims, data }: ort.Tensor): Tensor {
  const dtype = dtypeNames.find((name) => name === type);
  if (dtype === undefined || !ArrayBuffer.isView(data))
    throw new TypeError(`ONNX Runtime returned a tensor of type ${type}`);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return tensorOver({ dtype, shape: dims }, bytes.slice().buffer);
}

function found(tensors: OrtTensors, name: string): ort.Tensor {
  const tensor = tensors[name];
  if (tensor === undefined) throw new TypeError(`ONNX Runtime returned no ${name}`);
  return tensor;
}

/** Copies the values of one of our tensors into an ONNX Runtime tensor. */
function fill({ type, data: target }: ort.Tensor, tensor: Tensor): void {
  if (type !== tensor.dtype || !ArrayBuffer.isView(target))
    throw new TypeError(`${tensor.dtype} cannot be written to ${type}`);
  new Uint8Array(target.buffer, target.byteOffset, target.byteLength).set(bytesOf(tensor));
}
