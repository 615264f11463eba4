/** A session with ONNX Runtime: its models, and the buffers of its variables. */
import type { Device } from '../../device.ts';
import type { PartTime, PlacedKernel, Tensors } from '../../engine.ts';
import { exchangeKernel } from '../../exchange.ts';
import { areFinite, finiteKernel } from '../../finite-check.ts';
import type { CompiledGraph } from '../compile/compile.ts';
import { type BeforeExchange, FirstHalf } from './first-half.ts';
import { KeptTensors } from './kept-tensors.ts';
import { LoadedGraph } from './loaded-graph.ts';
import {
  fill,
  float32Of,
  found,
  type OrtFetches,
  type OrtTensor,
  type OrtTensors,
  ortTensor,
  tensorOf,
} from './onnx-runtime.ts';
import { placementOf } from './placement.ts';
import { profilePrefix, removeProfile } from './profile.ts';

/** What the main thread sends to start a session. */
export interface SessionStart {
  /** The graph of a step or, with an exchange, of its second half. */
  readonly graph: CompiledGraph;
  /** The first half of a step with an exchange. */
  readonly before?: BeforeExchange;
  readonly threads: number;
  readonly device: Device;
  /** The folder to which ONNX Runtime writes its profiles, or undefined if it should write none. */
  readonly profileFolder?: string;
}

/**
 * A variable has two buffers: a step reads one and writes the other, then they are swapped. An output must never be bound to
 * the buffer of an input, because ONNX Runtime does not notice that they are the same and may write a new weight before an
 * operator has read the old one. A variable without an update has only one buffer. Both halves of a step with an exchange use
 * the same buffers. If a scalar that must be finite is not, the buffers are not swapped.
 */
interface Variable {
  current: OrtTensor;
  next: OrtTensor;
  readonly update: string | null;
}

export class OnnxExecution {
  readonly #start: SessionStart;
  readonly #kept: KeptTensors;
  readonly #first: FirstHalf | undefined;
  readonly #graph: LoadedGraph;
  readonly #variables: ReadonlyMap<string, Variable>;
  /** The outputs of the model that must be finite. They are new tensors in every step. */
  readonly #finite: OrtFetches;

  private constructor(
    start: SessionStart,
    kept: KeptTensors,
    first: FirstHalf | undefined,
    graph: LoadedGraph,
  ) {
    this.#start = start;
    this.#kept = kept;
    this.#first = first;
    this.#graph = graph;
    this.#variables = new Map(
      start.graph.variables.map(({ name, type, update }) => {
        const current = kept.zeros(type);
        const next = update === null ? current : kept.zeros(type);
        return [name, { current, next, update }];
      }),
    );
    this.#finite = Object.fromEntries(start.graph.finite.map((name) => [name, null] as const));
  }

  /** @throws Error when ONNX Runtime rejects a model */
  static async create(start: SessionStart): Promise<OnnxExecution> {
    const { before, graph, threads, device, profileFolder } = start;
    const options = (model: string) => ({
      threads,
      device,
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
      return new OnnxExecution(start, kept, first, step);
    } catch (error) {
      for (const part of loaded) await part.release();
      kept.free();
      removeProfile(profileFolder);
      throw error;
    }
  }

  async step(fed: Tensors, watch: boolean): Promise<Tensors> {
    const feeds: Record<string, OrtTensor> = {};
    const updates: Record<string, OrtTensor> = {};
    for (const [name, tensor] of fed) feeds[name] = ortTensor(tensor);
    for (const [name, { current, next, update }] of this.#variables) {
      feeds[name] = current;
      if (update !== null) updates[update] = next;
    }
    // All models are loaded before the variables change, so that a failure does not affect them.
    if (watch) await this.#prepareWatching();
    const before = await this.#first?.run(feeds, watch);
    const passed: OrtTensors = { ...feeds, ...before?.passed };
    const { computed, returned } = await this.#graph.run(passed, { ...updates, ...this.#finite }, watch);
    const own = [...returned].map(([name, tensor]) => [name, tensorOf(tensor)] as const);
    const results = new Map([...(before?.returned ?? []), ...own]);
    const finite = Object.keys(this.#finite).map((name) => float32Of(found(computed, name)));
    if (!areFinite(finite)) return results;
    // Nothing can fail from here on, so a step that fails leaves the variables unchanged.
    for (const variable of this.#variables.values()) {
      [variable.current, variable.next] = [variable.next, variable.current];
    }
    return results;
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
    const { before, graph, threads, device } = this.#start;
    const options = { threads, device };
    const check = graph.finite.length > 0 ? [finiteKernel] : [];
    if (before === undefined) return [...(await placementOf(graph, options)), ...check];
    const first = await placementOf(before.graph, options);
    return [...first, exchangeKernel, ...(await placementOf(graph, options)), ...check];
  }

  async close(): Promise<void> {
    await this.#first?.release();
    await this.#graph.release();
    removeProfile(this.#start.profileFolder);
    this.#kept.free();
  }

  async #prepareWatching(): Promise<void> {
    await this.#first?.prepareWatching();
    await this.#graph.prepareWatching();
  }
}
