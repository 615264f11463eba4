/** Classifies pictures with a network and its weights. An evaluation makes the same images and logits of the same pixels. */

import type { Device } from '../engine/device.ts';
import type { Engine } from '../engine/engine.ts';
import { NetworkSession } from '../evaluation/network-session.ts';
import type { Weights } from '../evaluation/weights.ts';
import type { ImageMaker } from '../input/augmentation.ts';
import type { Network } from '../model/network.ts';
import { softmax } from '../tensor/softmax.ts';
import { type Float32Tensor, sizeOf } from '../tensor/tensor.ts';
import type { Classifier } from './classifier.ts';

/** A network with everything that it needs to classify pictures. */
export interface WeightedNetwork {
  readonly network: Network;
  /** Makes the images of the network from the pixels of pictures. */
  readonly images: ImageMaker;
  /** The tensors of a checkpoint, and which of them are the weights. */
  readonly tensors: ReadonlyMap<string, Float32Tensor>;
  readonly weights: Weights;
}

export class NetworkClassifier implements Classifier {
  readonly library: string;
  readonly threads: number;
  readonly device: Device;
  readonly batchSize: number;
  readonly #images: ImageMaker;
  readonly #session: NetworkSession;

  private constructor({ library, threads, device }: Engine, images: ImageMaker, session: NetworkSession) {
    this.library = library;
    this.threads = threads;
    this.device = device;
    this.batchSize = session.batchSize;
    this.#images = images;
    this.#session = session;
  }

  /** Compiles the network and loads its weights.
   * @throws RunError when a weight is missing or has another shape */
  static async create(
    { network, images, tensors, weights }: WeightedNetwork,
    engine: Engine,
    batchSize: number,
  ): Promise<NetworkClassifier> {
    const session = await NetworkSession.create(engine, network, batchSize);
    try {
      await session.load(tensors, weights);
    } catch (error) {
      await session.release();
      throw error;
    }
    return new NetworkClassifier(engine, images, session);
  }

  async classify(pictures: readonly Uint8Array[]): Promise<readonly (readonly number[])[]> {
    const { imageShape, classes } = this.#session.network;
    const size = sizeOf(imageShape);
    const batch = new Float32Array(this.batchSize * size);
    for (const [row, pixels] of pictures.entries())
      this.#images.evaluation(batch.subarray(row * size, (row + 1) * size), pixels);
    const { logits } = await this.#session.infer(batch);
    return pictures.map((_, row) => softmax(logits.subarray(row * classes, (row + 1) * classes)));
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}
