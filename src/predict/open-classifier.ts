/** Opens a trained model from a training folder, a checkpoint file or an exported ONNX file. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { aChoice, aWholeNumber, type OptionChecks, optional } from '../arguments.ts';
import type { FoundCheckpoint } from '../checkpoint/store.ts';
import type { ImageShape } from '../data/record.ts';
import { readRegularFile } from '../disk/regular-file.ts';
import { aDeviceChoice, type DeviceChoice } from '../engine/device-names.ts';
import { type EngineName, engineChoices, type Precision, precisions } from '../engine/offers.ts';
import { errorCode, messageOf, RunError } from '../errors.ts';
import { scoredWeights, type Weights, weightChoices } from '../evaluation/weights.ts';
import { augmentations, makeImages } from '../input/augmentations.ts';
import type { Network } from '../model/network.ts';
import type { FastestDevice } from '../run/fastest-device.ts';
import { isOnnxFile } from '../run/file-kind.ts';
import { type InferenceEngine, inferenceEngine } from '../run/inference-engine.ts';
import { openCheckpoint } from '../run/open-checkpoint.ts';
import type { EngineEvent } from '../run/slow-precision.ts';
import { datasetOf, networkOf, storedImages } from '../training/stored-run.ts';
import { oneLine } from '../wording.ts';
import type { Classifier } from './classifier.ts';
import { ExportedClassifier } from './exported-classifier.ts';
import { readExportedFile } from './exported-file.ts';
import { type ExportedWeights, readExportedWeights } from './exported-weights.ts';
import { NetworkClassifier } from './network-classifier.ts';

/** Options of `openModel`. */
export interface OpenModelOptions {
  /** Default: `ema`, or `raw` if the run keeps no moving averages. */
  readonly weights?: Weights | undefined;
  /** Default: `auto`. An exported file runs on ONNX Runtime. */
  readonly engine?: EngineName | 'auto' | undefined;
  /** Default: float32. */
  readonly precision?: Precision | undefined;
  /** `auto` selects the device that is fastest in a short trial with the model. An exported ONNX file runs on the CPU. Default:
   * `cpu` */
  readonly device?: DeviceChoice | undefined;
  /** The number of pictures that are computed at once. A call with fewer pictures takes as long. It affects results only by
   * rounding. Default: 1 */
  readonly batchSize?: number | undefined;
}

export const openModelChecks: OptionChecks<OpenModelOptions> = {
  weights: optional(aChoice(weightChoices)),
  engine: optional(aChoice(engineChoices)),
  precision: optional(aChoice(precisions)),
  device: optional(aDeviceChoice),
  batchSize: optional(aWholeNumber(1, 65_536)),
};

/** Where a model comes from: a checkpoint, or an exported file of one of these formats. */
export type ModelKind = 'checkpoint' | 'onnx' | 'safetensors';

/** A model that can classify, and what is known about it. */
export interface OpenedModel {
  /** The checkpoint or the exported file. */
  readonly path: string;
  readonly kind: ModelKind;
  readonly globalStep: number;
  /** The name of the recipe. */
  readonly recipe: string;
  readonly classes: readonly string[];
  /** The shape [3, S, S] of the pixels of a picture. */
  readonly image: ImageShape;
  readonly weights: Weights;
  /** The name of the augmentation that the model was trained with, and whether it flips images. */
  readonly augmentation: string;
  readonly flips: boolean;
  readonly classifier: Classifier;
  /** What the trial of `device: auto` found, or undefined if there was none. */
  readonly fastest: FastestDevice | undefined;
}

/** The largest file that is read at once. */
const maximumBytes = 2 ** 31 - 1;

/** @param path a training folder, whose newest undamaged checkpoint is read, a checkpoint, or an exported ONNX or safetensors file
 * @throws RunError when the file is missing, damaged or from another program, or the engine cannot be used */
export async function openClassifier(
  path: string,
  options: OpenModelOptions,
  onWarning: (message: string) => void,
): Promise<OpenedModel> {
  if (await isOnnxFile(path)) return openExported(path, options);
  const weights = await readExportedWeights(path);
  if (weights !== undefined) return openWeights(path, weights, options, onWarning);
  const takes = 'a training folder, a checkpoint file or an exported .onnx or .safetensors file';
  const found = await openCheckpoint(path, onWarning, takes).catch(async (error: unknown) => {
    throw (await exportedInside(path, error)) ?? error;
  });
  return openRun(found, options, onWarning);
}

/** Returns the error for a folder that contains an exported file instead of checkpoints, or undefined for other folders. */
async function exportedInside(dir: string, error: unknown): Promise<RunError | undefined> {
  if (errorCode(error) !== 'CIFAR10_NO_CHECKPOINT') return undefined;
  const names = await readdir(dir).catch(() => []);
  const name = names.sort().find((one) => /\.(onnx|safetensors)$/.test(one));
  const none = `No checkpoint file found in ${oneLine(dir)}.`;
  if (name !== undefined)
    return new RunError(`${none} To use the exported file in it, use \`checkpointDir: ${join(dir, name)}\``, {
      cause: error,
    });
  if (!names.some((one) => one.endsWith('.index'))) return undefined;
  return new RunError(
    `${none} It contains a checkpoint of TensorFlow, which lacks the names of the classes and how images are made. A training run ` +
      'reads it with `initFrom`',
    { cause: error },
  );
}

async function openRun(
  { path, checkpoint }: FoundCheckpoint,
  { weights = 'ema', ...options }: OpenModelOptions,
  onWarning: (message: string) => void,
): Promise<OpenedModel> {
  const { metadata, tensors } = checkpoint;
  const [network, dataset, recipe] = [networkOf(metadata), datasetOf(metadata), storedImages(metadata)];
  const images = makeImages(recipe, network.imageShape, dataset);
  const { engine, fastest, batchSize } = await engineFor(network, options, onWarning);
  const used = scoredWeights(metadata.hyperparameters, weights);
  return {
    ...{ path, kind: 'checkpoint', globalStep: metadata.globalStep, recipe: metadata.recipe, weights: used },
    ...{ classes: dataset.classes, image: requireSquare(path, dataset.record.image) },
    ...{ ...flipsOf(recipe.augmentation), fastest },
    classifier: await NetworkClassifier.create(
      { network, images, tensors, weights: used },
      engine,
      batchSize,
    ),
  };
}

async function openWeights(
  path: string,
  exported: ExportedWeights,
  options: OpenModelOptions,
  onWarning: (message: string) => void,
): Promise<OpenedModel> {
  const { network, images, tensors, classes, image, augmentation, globalStep, recipe, weights } = exported;
  requireContained(oneLine(path), weights, options);
  const { engine, fastest, batchSize } = await engineFor(network, options, onWarning);
  return {
    ...{ path, kind: 'safetensors', globalStep, recipe, weights },
    ...{ classes, image: requireSquare(path, image) },
    ...{ ...flipsOf(augmentation), fastest },
    // The file contains the values of the variables themselves, whichever weights they were in the run.
    classifier: await NetworkClassifier.create(
      { network, images, tensors, weights: 'raw' },
      engine,
      batchSize,
    ),
  };
}

async function engineFor(
  network: Network,
  { engine = 'auto', precision = 'float32', device = 'cpu', batchSize = 1 }: OpenModelOptions,
  onWarning: (message: string) => void,
): Promise<InferenceEngine & { readonly batchSize: number }> {
  const report = (event: EngineEvent) => {
    if (event.kind === 'warning') onWarning(event.message);
  };
  const request = { engine, precision, device, batchSize };
  return { ...(await inferenceEngine(request, network, { report })), batchSize };
}

/** Returns the name of an augmentation, which may be unknown, and whether it flips images. */
function flipsOf(augmentation: string): Pick<OpenedModel, 'augmentation' | 'flips'> {
  const known = Object.values(augmentations).find(({ name }) => name === augmentation);
  return { augmentation, flips: known?.flips ?? false };
}

async function openExported(path: string, options: OpenModelOptions): Promise<OpenedModel> {
  const file = oneLine(path);
  const bytes = await bytesOf(path);
  const exported = readExportedFile(file, bytes);
  const { batchSize = 1 } = options;
  const { globalStep, recipe, classes, image, augmentation, weights } = exported;
  requireExportedOptions(file, weights, options);
  return {
    ...{ path, kind: 'onnx', globalStep, recipe, classes, image, weights },
    ...{ ...flipsOf(augmentation), fastest: undefined },
    classifier: await ExportedClassifier.create(file, exported, bytes, batchSize),
  };
}

/** @throws RunError for options that an exported file does not have, with what it has */
function refuseOption(file: string, option: string, has: string): never {
  throw new RunError(`\`${option}\`: ${file} is an exported file, which ${has}; leave out the option`);
}

/** An exported file contains one set of weights. */
function requireContained(file: string, contained: Weights, { weights }: OpenModelOptions): void {
  if (weights === 'raw' && contained !== 'raw')
    refuseOption(file, 'weights: raw', 'contains only the moving averages of the weights');
}

/** An exported ONNX file contains one set of weights, in float32, for ONNX Runtime on the CPU. */
function requireExportedOptions(file: string, contained: Weights, options: OpenModelOptions): void {
  const { engine, precision, device } = options;
  const refuse = (option: string, has: string) => refuseOption(file, option, has);
  requireContained(file, contained, options);
  if (engine !== undefined && engine !== 'auto' && engine !== 'onnx')
    refuse(`engine: ${engine}`, 'runs on ONNX Runtime');
  if (precision !== undefined && precision !== 'float32')
    refuse(`precision: ${precision}`, 'computes in float32');
  if (device !== undefined && device !== 'auto' && device !== 'cpu')
    refuse(`device: ${device}`, 'runs on the CPU');
}

/** Pictures are decoded to squares of three channels.
 * @throws RunError for a model that was trained on others */
function requireSquare(path: string, image: ImageShape): ImageShape {
  const [channels, height, width] = image;
  if (channels === 3 && height === width) return image;
  throw new RunError(
    `${oneLine(path)} was trained on images of [${image.join(', ')}]; only models for square color images, ` +
      '[3, S, S], can classify pictures',
  );
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(path, { maximumBytes });
  } catch (error) {
    throw new RunError(`cannot read ${oneLine(path)}: ${oneLine(messageOf(error))}`, { cause: error });
  }
}
