/** A network that an engine has compiled for inference, with the weights of a checkpoint. */
import type { Engine, Session, StepOptions, Tensors } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import type { Variable } from '../graph/graph.ts';
import type { Network } from '../model/network.ts';
import { averageName } from '../optimizer/moving-average.ts';
import { type Float32Tensor, float32Data } from '../tensor/tensor.ts';
import { type Placement, placedNodes } from '../training/placement.ts';
import { requireStoredShape } from '../training/stored-network.ts';
import { buildEvaluationGraph, type EvaluationGraph } from './evaluation-graph.ts';

/** `ema` evaluates the moving averages of the weights, as the tutorial does; `raw` evaluates the weights themselves. */
export const weightChoices = ['ema', 'raw'] as const;
/** Which weights are used: `ema` for the moving averages, `raw` for the weights themselves. */
export type Weights = (typeof weightChoices)[number];

/** What the network computed for a batch. */
export interface Inferred {
  /** [N, classes], in row-major order. */
  readonly logits: Float32Array;
  /** The outputs of the graph and, if they were requested, the activations, by the tags of their histograms. */
  readonly tensors: Tensors;
}

export class NetworkSession {
  readonly network: Network;
  /** The number of images in a batch. */
  readonly batchSize: number;
  readonly #graph: EvaluationGraph;
  readonly #session: Session;

  private constructor(network: Network, batchSize: number, graph: EvaluationGraph, session: Session) {
    this.network = network;
    this.batchSize = batchSize;
    this.#graph = graph;
    this.#session = session;
  }

  static async create(engine: Engine, network: Network, batchSize: number): Promise<NetworkSession> {
    const graph = buildEvaluationGraph(network, batchSize);
    return new NetworkSession(network, batchSize, graph, await engine.compile(graph));
  }

  /** The names of the activations, in the order of the layers. */
  get activationNames(): readonly string[] {
    return this.#graph.activations;
  }

  /** Sets the weights, and returns them by variable.
   * @param tensors the tensors of a checkpoint
   * @throws RunError when one of them is missing */
  async load(
    tensors: ReadonlyMap<string, Float32Tensor>,
    weights: Weights,
  ): Promise<ReadonlyMap<string, Float32Tensor>> {
    const variables = [...this.#graph.variables.values()];
    const written = new Map(variables.map((one) => [one.name, weightsOf(tensors, one, weights)]));
    await this.#session.write(written);
    return written;
  }

  /** @param images [N, C, H, W], normalized. The array is copied. Its last rows may be padding
   * @throws RunError when the engine fails */
  async infer(images: Float32Array, options: StepOptions = {}): Promise<Inferred> {
    const shape = [this.batchSize, ...this.network.imageShape];
    const feeds: Tensors = new Map([['images', { dtype: 'float32', shape, data: images }]]);
    const tensors = await this.#session.step(feeds, options);
    const logits = tensors.get('logits');
    if (logits === undefined) throw new RunError('the evaluation graph returned no logits');
    return { logits: float32Data(logits), tensors };
  }

  /** Returns where a batch is computed, without watched values. */
  async placement({ name, library, precision, threads }: Engine): Promise<Placement> {
    const nodes = await placedNodes(this.#session, this.#graph, name);
    const part = { towers: ['tower_0'], images: this.batchSize, threads, nodes };
    return { engine: name, library, precision, parts: [part] };
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}

/** Returns the value of a variable for an evaluation. With `ema`, this is its moving average. A state, such as running
 * statistics, is used directly if the checkpoint has no average of it.
 * @throws RunError when the checkpoint does not contain the value, or one of another shape */
export function weightsOf(
  tensors: ReadonlyMap<string, Float32Tensor>,
  variable: Variable,
  weights: Weights,
): Float32Tensor {
  const { name, role } = variable;
  const average = averageName(name);
  const isAveraged = weights === 'ema' && (role === 'parameter' || tensors.has(average));
  const key = isAveraged ? average : name;
  const found = tensors.get(key);
  if (found !== undefined) {
    requireStoredShape(key, found, variable);
    return found;
  }
  throw new RunError(`Key ${key} not found in checkpoint; it contains ${[...tensors.keys()].join(', ')}`);
}
