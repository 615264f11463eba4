/** A compiled graph that ONNX Runtime has loaded: the model of a step, and the second model of watched steps. */
import type { PartTime } from '../../engine.ts';
import type { CompiledGraph } from '../compile/compile.ts';
import {
  disposeOnDevice,
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
    const { model, variables, shared, keepsValues } = compiled;
    const onDevice = keepsValues ? [...variables.flatMap(({ update }) => update ?? []), ...shared] : [];
    return new LoadedGraph(compiled, options, await loadModel(model, { ...options, onDevice }));
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
    const seen = watch ? await this.#computeWatched(feeds, computed) : computed;
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

  /** Returns everything that is known after a watched step: its inputs, its outputs and the results of the second model. Outputs of
   * the step that are on the device are freed, except for new values of variables. If the second model fails, these are freed
   * too. */
  async #computeWatched(feeds: OrtTensors, computed: OrtTensors): Promise<OrtTensors> {
    const { shared } = this.#compiled;
    try {
      const results = await this.#runWatchModel({ ...feeds, ...computed });
      await this.#dispose(shared.map((name) => found(computed, name)));
      return { ...feeds, ...computed, ...results };
    } catch (error) {
      await this.#dispose(Object.values(computed));
      throw error;
    }
  }

  async #runWatchModel(known: OrtTensors): Promise<OrtTensors> {
    const { watch, watched } = this.#compiled;
    const model = await this.#watching();
    if (watch === undefined || model === undefined) return {};
    const feeds = Object.fromEntries(watch.inputs.map((name) => [name, found(known, name)] as const));
    const missing = [...watched.values()].filter((name) => !(name in known));
    return model.run(feeds, Object.fromEntries(missing.map((name) => [name, null] as const)));
  }

  #dispose(tensors: readonly OrtTensor[]): Promise<void> {
    return disposeOnDevice(tensors, this.#options.lock);
  }
}
