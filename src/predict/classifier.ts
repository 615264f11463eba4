/** The interface of what computes the probabilities of classes: the network of a checkpoint, or an exported file. */
import type { Device } from '../engine/device.ts';

export interface Classifier {
  /** The library that computes, such as `onnxruntime-node 1.30.0`, and its number of threads. */
  readonly library: string;
  readonly threads: number;
  /** Where it computes. */
  readonly device: Device;
  /** The largest number of pictures in one call. */
  readonly batchSize: number;
  /** Returns the probabilities of the classes for each picture. Calls may overlap, and are computed one after another.
   * @param pictures up to `batchSize` pictures [3, S, S] of values 0 … 255
   * @throws RunError when the engine fails */
  classify(pictures: readonly Uint8Array[]): Promise<readonly (readonly number[])[]>;
  release(): Promise<void>;
}
