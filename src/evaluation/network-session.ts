/** A network that an engine has compiled for inference, with the weights of a checkpoint. */
import type { Engine, Session, StepOptions, Tensors } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import type { Network } from '../model/network.ts';
import { type Float32Tensor, float32Data } from '../tensor/tensor.ts';
import { type Placement, placedNodes } from '../training/placement.ts';
import { buildEvaluationGraph, type EvaluationGraph } from './evaluation-graph.ts';
import { type Weights, weightsOf } from './weights.ts';

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
