/**
 * The interface of augmentations. An augmentation makes an image for a network from the pixels of a record: a random one for
 * training, and a fixed one for evaluation. `distort.ts` has the operations that most augmentations use: a crop, a flip,
 * brightness and contrast.
 */
import type { ImageShape } from '../data/record.ts';
import type { Value } from '../graph/graph.ts';
import type { Apply } from '../ops/definition.ts';
import type { Normalizer } from './normalization.ts';

/** The name of an augmentation. */
export type AugmentationName = 'tutorial' | 'pad_crop_flip' | 'alternating_flip' | 'none';

export interface Augmentation {
  readonly name: AugmentationName;
  /** Returns the shape of the images to make from these records if the network does not determine the shape. */
  readonly usual: (record: ImageShape) => ImageShape;
  /** Whether the augmentation can make images of shape `image` from records with images of shape `record`. */
  readonly makes: (image: ImageShape, record: ImageShape) => boolean;
  /** Whether training images are flipped horizontally at random. If so, predictions can be averaged over both versions. */
  readonly flips: boolean;
  readonly create: (shapes: ImageShapes, normalizer: Normalizer) => ImageMaker;
}

export interface ImageShapes {
  /** The shape of the images in the records of the data set. */
  readonly record: ImageShape;
  /** The shape of the images to make, for the network. */
  readonly image: ImageShape;
}

/** Identifies the random numbers of one image. The same numbers always give the same image. */
export interface Draw {
  readonly seed: number;
  readonly epoch: number;
  readonly example: number;
}

/** Makes normalized images in place, so that a batch is filled without copying. */
export interface ImageMaker {
  /** The shape [C, H, W] of the images that are made. */
  readonly shape: ImageShape;
  /** @param image [C, H, W], which is overwritten
   * @param pixels the pixels of the record, 0 … 255 */
  readonly training: (image: Float32Array, pixels: Uint8Array, draw: Draw) => void;
  readonly evaluation: (image: Float32Array, pixels: Uint8Array) => void;
  /** Adds `evaluation` to a graph, for exported models: float32 pixels [N, C, H, W] of values 0 … 255 → images of `shape`. */
  readonly addEvaluation: (op: Apply, pixels: Value) => Value;
}
