/** Classifies pictures with the network of a checkpoint. An evaluation makes the same images and logits of the same pixels. */
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { Engine } from '../engine/engine.ts';
import { probabilities } from '../evaluation/confusion.ts';
import { scoredWeights } from '../evaluation/evaluate.ts';
import { NetworkSession, type Weights } from '../evaluation/network-session.ts';
import type { ImageMaker } from '../input/augmentation.ts';
import { makeImages } from '../input/augmentations.ts';
import { sizeOf } from '../tensor/tensor.ts';
import { datasetOf, networkOf, storedImages } from '../training/training-run.ts';
import type { Classifier } from './classifier.ts';

export class CheckpointClassifier implements Classifier {
  readonly library: string;
  readonly threads: number;
  readonly batchSize: number;
  readonly #images: ImageMaker;
  readonly #session: NetworkSession;

  private constructor({ library, threads }: Engine, images: ImageMaker, session: NetworkSession) {
    this.library = library;
    this.threads = threads;
    this.batchSize = session.batchSize;
    this.#images = images;
    this.#session = session;
  }

  /** Compiles the network and loads its weights.
   * @param weights `ema` is replaced by `raw` if the run keeps no moving averages
   * @throws RunError when this version does not support the network or how its images are made, or a weight is missing */
  static async create(
    { metadata, tensors }: Checkpoint,
    weights: Weights,
    engine: Engine,
    batchSize: number,
  ): Promise<CheckpointClassifier> {
    const network = networkOf(metadata);
    const images = makeImages(storedImages(metadata), network.imageShape, datasetOf(metadata));
    const session = await NetworkSession.create(engine, network, batchSize);
    await session.load(tensors, scoredWeights(metadata.hyperparameters, weights));
    return new CheckpointClassifier(engine, images, session);
  }

  async classify(pictures: readonly Uint8Array[]): Promise<readonly (readonly number[])[]> {
    const { imageShape, classes } = this.#session.network;
    const size = sizeOf(imageShape);
    const batch = new Float32Array(this.batchSize * size);
    for (const [row, pixels] of pictures.entries())
      this.#images.evaluation(batch.subarray(row * size, (row + 1) * size), pixels);
    const { logits } = await this.#session.infer(batch);
    return pictures.map((_, row) => probabilities(logits.subarray(row * classes, (row + 1) * classes)));
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}
