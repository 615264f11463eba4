/** A graph that ONNX Runtime runs in a page, with its variables. It is to a page what a session of an engine is to Node.js. */
import type { Tensors } from '../engine/engine.ts';
import { type CompiledGraph, compileGraph } from '../engine/onnx/compile/compile.ts';
import { messageOf, RunError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { withoutWatched } from '../passes/watch.ts';
import { type Float32Tensor, float32, float32Data, sizeOf, type Tensor } from '../tensor/tensor.ts';
import type { OnnxOutput, OnnxSession } from './exported-model.ts';
import type { PageDevice, PageRuntime } from './page-runtime.ts';

/** A tensor of onnxruntime-web. The data of one in the memory of a GPU has to be fetched, and its memory to be freed. */
interface RuntimeTensor extends OnnxOutput {
  readonly location?: unknown;
  getData?(): Promise<unknown>;
  dispose?(): void;
}

export class PageSession {
  readonly #runtime: PageRuntime;
  readonly #compiled: CompiledGraph;
  readonly #session: OnnxSession;
  /** The values of the variables, by name. On a GPU, those that a step has computed stay in its memory. */
  readonly #variables = new Map<string, RuntimeTensor>();

  private constructor(runtime: PageRuntime, compiled: CompiledGraph, session: OnnxSession) {
    this.#runtime = runtime;
    this.#compiled = compiled;
    this.#session = session;
  }

  /** Compiles a graph, without its watched values.
   * @throws RunError when ONNX Runtime rejects the model */
  static async create(runtime: PageRuntime, graph: Graph, { kind }: PageDevice): Promise<PageSession> {
    const compiled = compileGraph(withoutWatched(graph), { device: kind, precision: 'float32' });
    const updates = compiled.variables.flatMap(({ update }) => (update === null ? [] : [update]));
    const onDevice = Object.fromEntries(updates.map((name) => [name, 'gpu-buffer'] as const));
    const options = {
      executionProviders: [kind === 'webgpu' ? 'webgpu' : 'cpu'],
      graphOptimizationLevel: 'all',
      enableMemPattern: false,
      ...(kind === 'webgpu' && updates.length > 0 && { preferredOutputLocation: onDevice }),
    };
    const session = await runtime.InferenceSession.create(compiled.model, options).catch((error: unknown) => {
      throw new RunError(`ONNX Runtime cannot load the graph ${graph.name}: ${messageOf(error)}`, {
        cause: error,
      });
    });
    return new PageSession(runtime, compiled, session);
  }

  /** Sets variables.
   * @throws RunError for an unknown name or another size */
  write(values: Tensors): void {
    const types = new Map(this.#compiled.variables.map(({ name, type }) => [name, type]));
    for (const [name, tensor] of values) {
      const type = types.get(name);
      if (type === undefined || sizeOf(type.shape) !== tensor.data.length)
        throw new RunError(`${name} of [${tensor.shape.join(', ')}] is no variable of the graph`);
      this.#replace(name, this.#tensorOf(tensor));
    }
  }

  /** Computes the outputs of the graph, then applies the updates. A step that fails changes no variable.
   * @throws RunError when ONNX Runtime fails */
  async step(feeds: Tensors): Promise<ReadonlyMap<string, Float32Tensor>> {
    const fed = [...feeds].map(([name, tensor]) => [name, this.#tensorOf(tensor)] as const);
    const computed = await this.#session
      .run(Object.fromEntries([...fed, ...this.#variables]))
      .catch((error: unknown) => {
        throw new RunError(`ONNX Runtime failed: ${messageOf(error)}`, { cause: error });
      });
    const outputs = new Map<string, Float32Tensor>();
    for (const name of this.#compiled.outputs) outputs.set(name, await copyOf(name, computed[name]));
    for (const { name, update } of this.#compiled.variables) {
      const next = update === null ? undefined : computed[update];
      if (next !== undefined) this.#replace(name, next);
    }
    return outputs;
  }

  /** Returns copies of all variables. */
  async read(): Promise<ReadonlyMap<string, Float32Tensor>> {
    const found = new Map<string, Float32Tensor>();
    for (const [name, tensor] of this.#variables) found.set(name, await copyOf(name, tensor));
    return found;
  }

  async release(): Promise<void> {
    for (const name of [...this.#variables.keys()]) this.#free(name);
    await this.#session.release();
  }

  #replace(name: string, tensor: RuntimeTensor): void {
    this.#free(name);
    this.#variables.set(name, tensor);
  }

  #free(name: string): void {
    const tensor = this.#variables.get(name);
    if (tensor?.location === 'gpu-buffer') tensor.dispose?.();
    this.#variables.delete(name);
  }

  /** Makes a tensor of the runtime, with a copy of the values. */
  #tensorOf({ dtype, shape, data }: Tensor): RuntimeTensor {
    if (dtype !== 'float32' && dtype !== 'int32')
      throw new RunError(`a page computes with float32 and int32 values, found ${dtype}`);
    return new this.#runtime.Tensor(dtype, data.slice(), shape) as RuntimeTensor;
  }
}

/** Copies the values of a tensor of the runtime. */
async function copyOf(name: string, tensor: RuntimeTensor | undefined): Promise<Float32Tensor> {
  const isOnDevice = tensor?.location === 'gpu-buffer' && tensor.getData !== undefined;
  const data = isOnDevice ? await tensor.getData?.() : tensor?.data;
  if (tensor === undefined || Object.prototype.toString.call(data) !== '[object Float32Array]')
    throw new RunError(`ONNX Runtime returned no float32 values for ${name}`);
  return float32(tensor.dims, Float32Array.from(data as Float32Array));
}

/** Returns a value that a step returned.
 * @throws RunError when it is missing */
export function floatsOf(tensors: ReadonlyMap<string, Float32Tensor>, name: string): Float32Array {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new RunError(`the graph returned no ${name}`);
  return float32Data(tensor);
}
