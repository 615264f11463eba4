/**
 * The first half of a step with an exchange, and the exchange itself.
 *
 *     feeds, variables ─► first model ─► exchanged values ─► average ─► second model
 *
 * The first model writes the exchanged values to buffers that the session keeps. The exchange replaces them there by their
 * averages, which the second model reads, so no values are copied between the models.
 */
import type { ExchangeStart, PartTime, Tensors } from '../../engine.ts';
import { Exchange, exchangePart, ownName } from '../../exchange.ts';
import { partTime } from '../../part-time.ts';
import type { CompiledGraph } from '../compile/compile.ts';
import type { CompiledHalves } from './compile-halves.ts';
import type { KeptTensors } from './kept-tensors.ts';
import { LoadedGraph } from './loaded-graph.ts';
import {
  float32Of,
  found,
  type LoadOptions,
  type OrtTensor,
  type OrtTensors,
  tensorOf,
} from './onnx-runtime.ts';

export interface BeforeExchange extends Pick<CompiledHalves, 'exchanged' | 'carried'> {
  readonly graph: CompiledGraph;
  readonly exchange: ExchangeStart;
}

export interface FirstResults {
  /** The results that the step returns: outputs, own values of exchanged scalars and, in watched steps, watched values. */
  readonly returned: Tensors;
  /** The averages and the carried values, which are inputs of the second model. */
  readonly passed: OrtTensors;
}

export class FirstHalf {
  readonly #graph: LoadedGraph;
  readonly #exchange: Exchange;
  /** The outputs that the second half takes unchanged. They are new tensors in every step. */
  readonly #carried: Readonly<Record<string, null>>;
  /** The buffers of the exchanged values, by the name that both models give them. */
  readonly #links: OrtTensors;
  /** The elements of these buffers, in the order of the graph. */
  readonly #values: readonly Float32Array[];
  /** The exchanged scalars, by the names of the outputs with the session's own values. */
  readonly #scalars: ReadonlyMap<string, OrtTensor>;
  #exchangeMillis = 0;

  private constructor(
    { exchanged, carried }: BeforeExchange,
    kept: KeptTensors,
    graph: LoadedGraph,
    exchange: Exchange,
  ) {
    const buffers = exchanged.map(({ name, type, link }) => ({ name, type, link, tensor: kept.zeros(type) }));
    this.#graph = graph;
    this.#exchange = exchange;
    this.#carried = Object.fromEntries(carried.map((name) => [name, null] as const));
    this.#links = Object.fromEntries(buffers.map(({ link, tensor }) => [link, tensor] as const));
    this.#values = buffers.map(({ tensor }) => float32Of(tensor));
    this.#scalars = new Map(
      buffers.flatMap(({ name, type, tensor }) =>
        type.shape.length > 0 ? [] : [[ownName(name), tensor] as const],
      ),
    );
  }

  /** Loads the model and joins the group.
   * @throws Error when ONNX Runtime rejects the model, or the group cannot be joined */
  static async load(before: BeforeExchange, kept: KeptTensors, options: LoadOptions): Promise<FirstHalf> {
    const graph = await LoadedGraph.load(before.graph, options);
    try {
      return new FirstHalf(before, kept, graph, new Exchange(before.exchange));
    } catch (error) {
      await graph.release();
      throw error;
    }
  }

  /** How long the last exchange took, including the wait for the other sessions. */
  get exchangeMillis(): number {
    return this.#exchangeMillis;
  }

  prepareWatching(): Promise<void> {
    return this.#graph.prepareWatching();
  }

  /** Computes the first half and averages the exchanged values.
   * @throws RunError when another session failed */
  async run(feeds: OrtTensors, watch: boolean): Promise<FirstResults> {
    const fetches = { ...this.#links, ...this.#carried };
    const { computed, returned } = await this.#graph.run(feeds, fetches, watch);
    // Results are copied before the exchange overwrites its buffers, because a watched value may be an exchanged one.
    const own = [...returned, ...this.#scalars].map(([name, tensor]) => [name, tensorOf(tensor)] as const);
    const started = performance.now();
    this.#exchange.average(this.#values);
    this.#exchangeMillis = performance.now() - started;
    const carried = Object.keys(this.#carried).map((name) => [name, found(computed, name)] as const);
    return { returned: new Map(own), passed: { ...this.#links, ...Object.fromEntries(carried) } };
  }

  /** Stops profiling and returns the times of the nodes and of the exchange.
   * @param exchanges the milliseconds of each exchange
   * @throws RunError when the model was not loaded for profiling */
  endProfile(exchanges: readonly number[]): readonly PartTime[] {
    return [...this.#graph.endProfile(), partTime(exchangePart, exchanges)];
  }

  async release(): Promise<void> {
    this.#exchange.close();
    await this.#graph.release();
  }
}
