/** The engine that runs graphs with ONNX Runtime on the CPU. */
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { messageOf, RunError } from '../../errors.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { describeType, sizeOf, type Tensor, type TensorType } from '../../tensor/tensor.ts';
import { usableCores } from '../cores.ts';
import type { Engine, Session, Tensors } from '../engine.ts';
import { lower, updateName } from './lower.ts';
import type { Reply, Request, SessionStart } from './messages.ts';
import { encodeModel } from './model.ts';
import { prepare } from './passes.ts';

const installAdvice =
  'If the package is missing or broken, install it without its script, which downloads CUDA libraries: ' +
  'ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node';

/** @throws RunError when the package onnxruntime-node is not installed. */
export function createOnnxEngine(threads: number = usableCores()): Engine {
  const library = `onnxruntime-node ${installedVersion()}`;
  return { name: 'onnx', library, threads, compile: (graph) => OnnxSession.create(graph, threads) };
}

/** The graph as an ONNX model file, which other programs read too. */
export function onnxModel(graph: Graph): Uint8Array {
  return encodeModel(lower(prepare(graph)));
}

function installedVersion(): string {
  try {
    const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as {
      version: string;
    };
    return version;
  } catch (error) {
    throw new RunError(
      `the package onnxruntime-node cannot be loaded (${messageOf(error)}). ${installAdvice}`,
    );
  }
}

class OnnxSession implements Session {
  readonly #worker: Worker;
  readonly #graph: Graph;
  readonly #waiting: { resolve: (tensors: Tensors) => void; reject: (error: Error) => void }[] = [];
  #ended: Error | undefined;

  constructor(graph: Graph, start: SessionStart) {
    this.#graph = graph;
    this.#worker = new Worker(new URL('./session-worker.js', import.meta.url), { workerData: start });
    this.#worker.on('message', (reply: Reply) => {
      const waiting = this.#waiting.shift();
      if (reply.kind === 'done') waiting?.resolve(reply.tensors);
      else waiting?.reject(new RunError(`ONNX Runtime, graph ${graph.name}: ${reply.message}`));
    });
    this.#worker.on('error', (error) =>
      this.#end(`ONNX Runtime cannot run graph ${graph.name}: ${messageOf(error)}. ${installAdvice}`),
    );
    this.#worker.on('exit', () => this.#end(`the session of graph ${graph.name} is released`));
  }

  static async create(graph: Graph, threads: number): Promise<Session> {
    const session = new OnnxSession(graph, {
      model: onnxModel(graph),
      threads,
      variables: [...graph.variables].map(([name, value]) => ({
        name,
        type: zeros(value),
        update: graph.updates.has(name) ? updateName(name) : null,
      })),
      outputs: [...graph.outputs.keys()],
    });
    await session.#reply();
    return session;
  }

  async write(variables: Tensors): Promise<void> {
    requireTensors('variable', this.#graph.variables, variables);
    await this.#send({ kind: 'write', tensors: variables });
  }

  async step(feeds: Tensors): Promise<Tensors> {
    requireTensors('input', this.#graph.inputs, feeds);
    const missing = [...this.#graph.inputs.keys()].filter((name) => !feeds.has(name));
    if (missing.length > 0) throw new RunError(`graph ${this.#graph.name} is not fed ${missing.join(', ')}`);
    return this.#send({ kind: 'step', feeds });
  }

  read(): Promise<Tensors> {
    return this.#send({ kind: 'read' });
  }

  async release(): Promise<void> {
    if (this.#ended !== undefined) return;
    const exit = once(this.#worker, 'exit');
    await this.#send({ kind: 'release' });
    await exit;
  }

  #send(request: Request): Promise<Tensors> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#worker.postMessage(request);
    return this.#reply();
  }

  #reply(): Promise<Tensors> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #end(reason: string): void {
    this.#ended ??= new RunError(reason);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }
}

/** @throws RunError when a tensor has no place in the graph or does not fit it. */
function requireTensors(kind: string, places: ReadonlyMap<string, Value>, tensors: Tensors): void {
  for (const [name, tensor] of tensors) {
    const place = places.get(name);
    if (place === undefined)
      throw new RunError(`the graph has no ${kind} named ${name}; it has ${[...places.keys()].join(', ')}`);
    if (describeType(place) === describeType(tensor)) continue;
    throw new RunError(`${kind} ${name} is ${describeType(place)}, it was given ${describeType(tensor)}`);
  }
}

function zeros({ dtype, shape }: TensorType): Tensor {
  const size = sizeOf(shape);
  if (dtype === 'float32') return { dtype, shape, data: new Float32Array(size) };
  if (dtype === 'int32') return { dtype, shape, data: new Int32Array(size) };
  if (dtype === 'int64') return { dtype, shape, data: new BigInt64Array(size) };
  return { dtype, shape, data: new Uint8Array(size) };
}
