/** A compiled graph that ONNX Runtime has loaded: the model of a step, and the second model of watched steps. */
import type { PartTime } from '../../engine.ts';
import type { CompiledGraph } from '../compile/compile.ts';
import {
  found,
  type LoadOptions,
  loadModel,
  type OrtFetches,
  type OrtModel,
  type OrtTensor,
  type OrtTensors,
} from './onnx-runtime.ts';
import { endProfile } from './profile.ts';

export interface LoadedResults {
  /** All outputs of the model. */
  readonly computed: OrtTensors;
  /** The results that a step returns: outputs and, in watched steps, watched values. */
  readonly returned: ReadonlyMap<string, OrtTensor>;
}

export class LoadedGraph {
  readonly #compiled: CompiledGraph;
  readonly #options: LoadOptions;
  readonly #model: OrtModel;
  /** The second model. It is loaded when a step is watched for the first time. */
  #watchModel: Promise<OrtModel> | undefined;

  private constructor(compiled: CompiledGraph, options: LoadOptions, model: OrtModel) {
    this.#compiled = compiled;
    this.#options = options;
    this.#model = model;
  }

  /** @throws Error when ONNX Runtime rejects the model */
  static async load(compiled: CompiledGraph, options: LoadOptions): Promise<LoadedGraph> {
    return new LoadedGraph(compiled, options, await loadModel(compiled.model, options));
  }

  /** Loads the second model, if the graph has one. */
  async prepareWatching(): Promise<void> {
    await this.#watching();
  }

  /** @param fetches the outputs to compute, in addition to those that a step returns */
  async run(feeds: OrtTensors, fetches: OrtFetches, watch: boolean): Promise<LoadedResults> {
    const { outputs, shared, watched } = this.#compiled;
    const requested = watch ? [...outputs, ...shared] : outputs;
    const all = { ...Object.fromEntries(requested.map((name) => [name, null])), ...fetches };
    const computed = await this.#model.run(feeds, all);
    const seen = watch ? await this.#computeWatched({ ...feeds, ...computed }) : computed;
    const own = outputs.map((name) => [name, name] as const);
    const returned = watch ? [...own, ...watched] : own;
    return { computed, returned: new Map(returned.map(([name, there]) => [name, found(seen, there)])) };
  }

  /** Stops profiling and returns the time of each node.
   * @throws RunError when the model was not loaded for profiling */
  endProfile(): readonly PartTime[] {
    return endProfile(this.#model, this.#options.profilePrefix);
  }

  async release(): Promise<void> {
    const watchModel = await this.#watchModel?.catch(() => undefined);
    await watchModel?.release();
    await this.#model.release();
  }

  #watching(): Promise<OrtModel | undefined> {
    const { watch } = this.#compiled;
    if (watch !== undefined)
      this.#watchModel ??= loadModel(watch.model, { ...this.#options, profilePrefix: undefined });
    return Promise.resolve(this.#watchModel);
  }

  /** Adds the results of the second model to the given tensors. */
  async #computeWatched(known: OrtTensors): Promise<OrtTensors> {
    const { watch, watched } = this.#compiled;
    const model = await this.#watching();
    if (watch === undefined || model === undefined) return known;
    const feeds = Object.fromEntries(watch.inputs.map((name) => [name, found(known, name)] as const));
    const missing = [...watched.values()].filter((name) => !(name in known));
    const computed = await model.run(feeds, Object.fromEntries(missing.map((name) => [name, null] as const)));
    return { ...known, ...computed };
  }
}
