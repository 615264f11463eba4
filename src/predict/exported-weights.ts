/** Safetensors files that `cifar10 export` writes: the weights of a network, and in the metadata how to make its images. */
import { isCheckpointMetadata } from '../checkpoint/metadata.ts';
import { decodeSafetensors } from '../checkpoint/safetensors.ts';
import { SafetensorsReader } from '../checkpoint/safetensors-reader.ts';
import type { ChannelStatistics } from '../data/dataset.ts';
import type { ImageShape } from '../data/record.ts';
import { readRegularFile } from '../disk/regular-file.ts';
import { RunError } from '../errors.ts';
import { type Weights, weightChoices } from '../evaluation/weights.ts';
import type { AugmentationName } from '../input/augmentation.ts';
import { augmentationNames, imageShapeFor, makeImages } from '../input/augmentations.ts';
import { normalizationNames } from '../input/normalization.ts';
import { dictionaryOf, finiteNumber, json, listOf, oneOf, record, text, wholeNumber } from '../readers.ts';
import type { Float32Tensor, Tensor } from '../tensor/tensor.ts';
import { storedNetwork } from '../training/stored-network.ts';
import { oneLine } from '../wording.ts';
import type { WeightedNetwork } from './network-classifier.ts';

export interface ExportedWeights extends WeightedNetwork {
  readonly classes: readonly string[];
  /** The shape [C, H, W] of the pixels of a picture. */
  readonly image: ImageShape;
  readonly augmentation: AugmentationName;
  readonly globalStep: number;
  /** The name of the recipe. */
  readonly recipe: string;
  /** Which weights of the run the file contains. */
  readonly weights: Weights;
}

const readMetadata = record({
  names: text,
  weights: oneOf(weightChoices),
  network: text,
  configuration: json(dictionaryOf(finiteNumber)),
  classes: json(listOf(text)),
  image: json(listOf(wholeNumber(1))),
  augmentation: oneOf(augmentationNames),
  normalization: oneOf(normalizationNames),
  statistics: json(
    record<ChannelStatistics>({ mean: listOf(finiteNumber), deviation: listOf(finiteNumber) }),
  ),
  recipe: text,
  global_step: json(wholeNumber(0)),
});

/** Reads an exported file, or returns undefined for a file of another kind.
 * @throws RunError when a part of its metadata is missing or not supported, or its weights are for PyTorch */
export async function readExportedWeights(path: string): Promise<ExportedWeights | undefined> {
  if (!(await isExported(path))) return undefined;
  const file = oneLine(path);
  const { tensors, metadata } = decodeSafetensors(await readRegularFile(path), file);
  const found = readMetadata(metadata, `${file}: metadata`);
  if (found.names !== 'cifar10')
    throw new RunError(
      `${file}: the names and layouts of its weights are those of ${oneLine(found.names)}; export the run with \`names: cifar10\``,
    );
  const {
    classes,
    augmentation,
    normalization,
    statistics,
    recipe,
    weights,
    global_step: globalStep,
  } = found;
  const [channels = 0, height = 0, width = 0] = found.image;
  const image: ImageShape = [channels, height, width];
  const { network: name, configuration } = found;
  const shape = imageShapeFor(augmentation, image);
  const network = storedNetwork(file, { name, configuration }, classes.length, shape);
  const source = { title: file, record: { labels: [], image }, statistics };
  const images = makeImages({ augmentation, normalization }, network.imageShape, source);
  return {
    ...{ network, images, tensors: float32Only(tensors), weights },
    ...{ classes, image, augmentation, globalStep, recipe },
  };
}

/** Whether this is an exported safetensors file. Its header is read only. */
async function isExported(path: string): Promise<boolean> {
  try {
    const reader = await SafetensorsReader.open(path);
    try {
      const { metadata } = reader.header;
      return !isCheckpointMetadata(metadata) && /^cifar10\b/.test(metadata['program'] ?? '');
    } finally {
      await reader.close();
    }
  } catch {
    // Reading the file as a checkpoint reports what is wrong with it.
    return false;
  }
}

function float32Only(tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Float32Tensor> {
  return new Map(
    [...tensors].flatMap(([name, tensor]) => (tensor.dtype === 'float32' ? [[name, tensor] as const] : [])),
  );
}
