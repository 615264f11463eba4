/**
 * All augmentations, by their name in flags and checkpoints. To add an augmentation, add a file in `augmentations/`, and its
 * name to `augmentation.ts`, and an entry here.
 */
import { aChoice, anOptionsObject, type OptionsCheck, required } from '../arguments.ts';
import type { DatasetDescription } from '../data/dataset.ts';
import type { ImageShape } from '../data/record.ts';
import { RunError } from '../errors.ts';
import type { Shape } from '../tensor/tensor.ts';
import { alternatives } from '../wording.ts';
import type { Augmentation, AugmentationName, ImageMaker } from './augmentation.ts';
import { alternatingFlip } from './augmentations/alternating-flip.ts';
import { none } from './augmentations/none.ts';
import { padCropFlip } from './augmentations/pad-crop-flip.ts';
import { tutorial } from './augmentations/tutorial.ts';
import { type NormalizationName, normalizationNames, normalizations } from './normalization.ts';

export const augmentations: Readonly<Record<AugmentationName, Augmentation>> = {
  tutorial,
  pad_crop_flip: padCropFlip,
  alternating_flip: alternatingFlip,
  none,
};

export const augmentationNames: readonly AugmentationName[] = Object.keys(
  augmentations,
) as readonly AugmentationName[];

/** How the images of a network are made, by the names of an augmentation and a normalization. */
export interface ImageRecipe {
  readonly augmentation: AugmentationName;
  readonly normalization: NormalizationName;
}

export const anImageRecipe: OptionsCheck = anOptionsObject<ImageRecipe>({
  augmentation: required(aChoice(augmentationNames)),
  normalization: required(aChoice(normalizationNames)),
});

/** The names that the tutorial uses. */
export const tutorialImages: ImageRecipe = { augmentation: 'tutorial', normalization: 'per_image' };

/** The part of a data set's description that making images needs. */
export type ImageSource = Pick<DatasetDescription, 'title' | 'record' | 'statistics'>;

/** Makes images for a network that takes `shape` from the records of a data set.
 * @param otherNetworks returns the names of networks whose images some augmentation can make, for the error
 * @throws RunError with both shapes and advice, when the augmentation cannot make such images */
export function makeImages(
  { augmentation, normalization }: ImageRecipe,
  shape: Shape,
  dataset: ImageSource,
  otherNetworks: () => readonly string[] = () => [],
): ImageMaker {
  const record = dataset.record.image;
  const { makes, create } = augmentations[augmentation];
  if (!isImageShape(shape) || !makes(shape, record)) {
    const fitting = augmentationsFor(shape, dataset);
    throw new RunError(
      `the network takes images of [${shape.join(', ')}], which the augmentation ${augmentation} cannot make from ` +
        `the images of ${dataset.title}, which are [${record.join(', ')}]; ${adviceOf(fitting, otherNetworks)}`,
    );
  }
  return create({ record, image: shape }, normalizations[normalization].create(dataset.statistics));
}

/** The height and the width of the records for which networks have their usual image shapes. */
const usualSize = 32;

/** Returns the shape of the images that a network takes if the records do not have the usual size of 32×32 pixels, or undefined
 * if they have: then the network has its own usual shape. */
export function imageShapeFor(augmentation: AugmentationName, record: ImageShape): ImageShape | undefined {
  const [, height, width] = record;
  return height === usualSize && width === usualSize ? undefined : augmentations[augmentation].usual(record);
}

/** Returns the names of the augmentations that can make images of a shape from the records of a data set. */
export function augmentationsFor(
  shape: Shape,
  { record }: Pick<ImageSource, 'record'>,
): readonly AugmentationName[] {
  if (!isImageShape(shape)) return [];
  return augmentationNames.filter((name) => augmentations[name].makes(shape, record.image));
}

function adviceOf(fitting: readonly AugmentationName[], otherNetworks: () => readonly string[]): string {
  const use = (option: string, names: readonly string[]) =>
    `use ${alternatives(names.map((name) => `\`${option}: ${name}\``))}`;
  if (fitting.length > 0) return use('augmentation', fitting);
  const networks = otherNetworks();
  return `no augmentation can; ${networks.length > 0 ? use('network', networks) : 'use a network that takes other images'}`;
}

function isImageShape(shape: Shape): shape is ImageShape {
  return shape.length === 3 && shape.every((size) => size > 0);
}
