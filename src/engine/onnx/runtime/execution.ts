/** A session with ONNX Runtime: its models and its variables. */
import type { Device } from '../../device.ts';
import type { PartTime, PlacedKernel, Tensors } from '../../engine.ts';
import { exchangeKernel } from '../../exchange.ts';
import { areFinite, finiteKernel } from '../../finite-check.ts';
import type { CompiledGraph } from '../compile/compile.ts';
import { DeviceLock } from './device-lock.ts';
import { DeviceVariables } from './device-variables.ts';
import { type BeforeExchange, FirstHalf } from './first-half.ts';
import { KeptTensors } from './kept-tensors.ts';
import { LoadedGraph } from './loaded-graph.ts';
import {
  float32Of,
  found,
  type LoadOptions,
  type OrtFetches,
  type OrtTensor,
  type OrtTensors,
  ortTensor,
  tensorOf,
} from './onnx-runtime.ts';
import { placementOf } from './placement.ts';
import { profilePrefix, removeProfile } from './profile.ts';
import { HostVariables, type Variables } from './variables.ts';

/** What the main thread sends to start a session. */
export interface SessionStart {
  /** The graph of a step or, with an exchange, of its second half. */
  readonly graph: CompiledGraph;
  /** The first half of a step with an exchange. */
  readonly before?: BeforeExchange;
  readonly threads: number;
  readonly device: Device;
  /** The memory of the lock that all threads hold while they use the device, or undefined if they may use it at the same time. */
  readonly lock?: SharedArrayBuffer;
  /** The folder to which ONNX Runtime writes its profiles, or undefined if it should write none. */
  readonly profileFolder?: string;
}

export class OnnxExecution {
  readonly #start: SessionStart;
  readonly #kept: KeptTensors;
  readonly #first: FirstHalf | undefined;
  readonly #graph: LoadedGraph;
  readonly #variables: Variables;
  /** The outputs of the model that must be finite. They are new tensors in every step. */
  readonly #finite: OrtFetches;

  private constructor(
    start: SessionStart,
    kept: KeptTensors,
    first: FirstHalf | undefined,
    graph: LoadedGraph,
    variables: Variables,
  ) {
    this.#start = start;
    this.#kept = kept;
    this.#first = first;
    this.#graph = graph;
    this.#variables = variables;
    this.#finite = Object.fromEntries(start.graph.finite.map((name) => [name, null] as const));
  }

  /** @throws Error when ONNX Runtime rejects a model */
  static async create(start: SessionStart): Promise<OnnxExecution> {
    const { before, graph, profileFolder } = start;
    const options = (model: string) => ({
      ...loadOptions(start),
      profilePrefix: profilePrefix(profileFolder, model),
    });
    const kept = new KeptTensors();
    const loaded: { readonly release: () => Promise<void> }[] = [];
    const register = <T extends { readonly release: () => Promise<void> }>(part: T): T => {
      loaded.push(part);
      return part;
    };
    try {
      const first = before && register(await FirstHalf.load(before, kept, options('before')));
      const step = register(await LoadedGraph.load(graph, options('step')));
      const variables = register(await loadVariables(start, kept));
      return new OnnxExecution(start, kept, first, step, variables);
    } catch (error) {
      for (const part of loaded) await part.release();
      kept.free();
      removeProfile(profileFolder);
      throw error;
    }
  }

  async step(fed: Tensors, watch: boolean): Promise<Tensors> {
    // All models are loaded before the variables change, so that a failure does not affect them.
    if (watch) await this.#prepareWatching();
    const inputs = [...fed].map(([name, tensor]) => [name, ortTensor(tensor)] as const);
    const feeds: OrtTensors = { ...Object.fromEntries(inputs), ...this.#variables.feeds };
    const before = await this.#first?.run(feeds, watch);
    const passed: OrtTensors = { ...feeds, ...before?.passed };
    const fetches = { ...this.#variables.fetches, ...this.#finite };
    const { computed, returned } = await this.#graph.run(passed, fetches, watch);
    const results = await this.#copied(returned, computed);
    const finite = Object.keys(this.#finite).map((name) => float32Of(found(computed, name)));
    // Nothing can fail from here on, so a step that fails leaves the variables unchanged.
    if (areFinite(finite)) await this.#variables.accept(computed);
    else await this.#variables.discard(computed);
    return new Map([...(before?.returned ?? []), ...results]);
  }

  write(tensors: Tensors): Promise<void> {
    return this.#variables.write(tensors);
  }

  read(): Promise<Tensors> {
    return this.#variables.read();
  }

  /** Runs `steps` steps with the same feeds and returns the time of each node and of the exchange. */
  async profile(feeds: Tensors, steps: number): Promise<readonly PartTime[]> {
    const exchanges: number[] = [];
    for (let i = 0; i < steps; i++) {
      await this.step(feeds, false);
      exchanges.push(this.#first?.exchangeMillis ?? 0);
    }
    return [...(this.#first?.endProfile(exchanges) ?? []), ...this.#graph.endProfile()];
  }

  /** Returns the kernels of a step. The models are loaded a second time, so this needs the memory of another session. */
  async placement(): Promise<readonly PlacedKernel[]> {
    const { before, graph } = this.#start;
    const options = loadOptions(this.#start);
    const check = graph.finite.length > 0 ? [finiteKernel] : [];
    if (before === undefined) return [...(await placementOf(graph, options)), ...check];
    const first = await placementOf(before.graph, options);
    return [...first, exchangeKernel, ...(await placementOf(graph, options)), ...check];
  }

  async close(): Promise<void> {
    await this.#variables.release();
    await this.#first?.release();
    await this.#graph.release();
    removeProfile(this.#start.profileFolder);
    this.#kept.free();
  }

  /** Copies the results of a step.
   * @param computed all outputs of the model, which are discarded if there is not enough memory for the copies */
  async #copied(returned: ReadonlyMap<string, OrtTensor>, computed: OrtTensors): Promise<Tensors> {
    try {
      return new Map([...returned].map(([name, tensor]) => [name, tensorOf(tensor)]));
    } catch (error) {
      await this.#variables.discard(computed);
      throw error;
    }
  }

  async #prepareWatching(): Promise<void> {
    await this.#first?.prepareWatching();
    await this.#graph.prepareWatching();
  }
}

function loadOptions({ threads, device, lock }: SessionStart): LoadOptions {
  return { threads, device, ...(lock !== undefined && { lock: new DeviceLock(lock) }) };
}

function loadVariables(start: SessionStart, kept: KeptTensors): Promise<Variables> {
  const { variables, keepsValues } = start.graph;
  return keepsValues && variables.length > 0
    ? DeviceVariables.load(variables, loadOptions(start))
    : Promise.resolve(new HostVariables(variables, kept));
}
