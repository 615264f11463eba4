/**
 * A trained model that classifies pictures. It makes the network's images from pictures as an evaluation does, so callers only
 * pass pictures: files, their bytes, or decoded pixels.
 *
 * @example
 * import { openModel } from 'cifar10-ts';
 *
 * const model = await openModel('run');
 * const predictions = await model.classify('cat.png', { topK: 3 });
 * for (const { label, probability } of predictions) console.log(label, probability);
 * await model.release();
 */
import {
  aChoice,
  aText,
  aWholeNumber,
  type Check,
  type OptionChecks,
  optional,
  requireOptions,
} from '../arguments.ts';
import type { ImageShape } from '../data/record.ts';
import type { Device } from '../engine/device.ts';
import { RunError, UsageError } from '../errors.ts';
import type { Weights } from '../evaluation/weights.ts';
import { type TestTimeAugmentation, testTimeChoices, testTimeViews, writeView } from '../input/test-time.ts';
import { decodePicture, fitPixels, type Pixels } from '../pictures/decode.ts';
import type { FastestDevice } from '../run/fastest-device.ts';
import { softmax } from '../tensor/softmax.ts';
import { oneLine } from '../wording.ts';
import {
  type ModelKind,
  type OpenedModel,
  type OpenModelOptions,
  openClassifier,
  openModelChecks,
} from './open-classifier.ts';
import { isPixels } from './pixels.ts';
import { logitOf, mostProbable, type Prediction } from './prediction.ts';

/** A picture: the path of a file, the bytes of a file, or decoded pixels. */
export type PictureInput = string | Uint8Array | Pixels;

/** Options of `TrainedModel.classify`. */
export interface ClassifyOptions {
  /** The number of classes to return, most probable first. Default: all. */
  readonly topK?: number | undefined;
  /** Over which views of the picture to average the logits. The model must have been trained with flips. `true` is `mirror`.
   * Default: `none`. */
  readonly tta?: TestTimeAugmentation | boolean | undefined;
}

const aTestTimeAugmentation: Check = (name, value) => {
  if (typeof value !== 'boolean') aChoice(testTimeChoices)(name, value);
};

export const classifyChecks: OptionChecks<ClassifyOptions> = {
  topK: optional(aWholeNumber(1)),
  tta: optional(aTestTimeAugmentation),
};

/** A trained model that classifies pictures (`openModel`). */
export class TrainedModel {
  readonly #opened: OpenedModel;

  private constructor(opened: OpenedModel) {
    this.#opened = opened;
  }

  /** Opens a model (see `openModel`). */
  static async open(
    path: string,
    options: OpenModelOptions,
    onWarning: (message: string) => void,
  ): Promise<TrainedModel> {
    return new TrainedModel(await openClassifier(path, options, onWarning));
  }

  /** The path of the checkpoint or of the exported file. */
  get path(): string {
    return this.#opened.path;
  }

  /** Where the model comes from. */
  get kind(): ModelKind {
    return this.#opened.kind;
  }

  /** The number of updates after which the weights were saved. */
  get globalStep(): number {
    return this.#opened.globalStep;
  }

  /** The name of the recipe that the model was trained with. */
  get recipe(): string {
    return this.#opened.recipe;
  }

  /** The names of the classes. A label is an index into them. */
  get classes(): readonly string[] {
    return this.#opened.classes;
  }

  /** The shape [3, S, S] of the pixels that the model takes. Pictures are resized and cropped to it. */
  get image(): ImageShape {
    return this.#opened.image;
  }

  /** Which weights are used: the moving averages, or the weights themselves. */
  get weights(): Weights {
    return this.#opened.weights;
  }

  /** The library that computes, its number of threads, and its device. */
  get engine(): { readonly library: string; readonly threads: number; readonly device: Device } {
    const { library, threads, device } = this.#opened.classifier;
    return { library, threads, device };
  }

  /** What the trial of `device: auto` found, or undefined if there was none. */
  get fastest(): FastestDevice | undefined {
    return this.#opened.fastest;
  }

  /** The number of pictures that are computed at once. */
  get batchSize(): number {
    return this.#opened.classifier.batchSize;
  }

  /** Classifies a picture.
   * @throws PictureError with the reason, when the picture cannot be decoded
   * @throws RunError when the decoder is not installed, the engine fails, or the model was trained without flips and `tta` is set */
  async classify(picture: PictureInput, options: ClassifyOptions = {}): Promise<readonly Prediction[]> {
    requireOptions(options, classifyChecks);
    const { topK = this.classes.length, tta = 'none' } = options;
    const [shares = []] = await this.classifyPixels([await this.decode(picture)], { tta });
    return mostProbable(shares, this.classes, topK);
  }

  /** Decodes, resizes and crops a picture to the pixels [3, S, S] that the model takes.
   * @throws PictureError and RunError as `classify` does */
  decode(picture: PictureInput): Promise<Uint8Array> {
    const [, size] = this.image;
    if (typeof picture === 'string' || ArrayBuffer.isView(picture)) return decodePicture(picture, size);
    requirePixels(picture);
    return fitPixels(picture, size);
  }

  /** Returns the probability of every class for each picture.
   * @param pictures the pixels [3, S, S] of any number of pictures, 0 … 255
   * @throws RunError as `classify` does, and when the network computes values that are not numbers */
  async classifyPixels(
    pictures: readonly Uint8Array[],
    { tta = 'none' }: Pick<ClassifyOptions, 'tta'> = {},
  ): Promise<readonly (readonly number[])[]> {
    const [first, ...others] = testTimeViews[viewsName(tta)];
    if (others.length > 0) this.requireFlips();
    const plain = await this.#probabilities(pictures);
    if (others.length === 0) return plain;
    const averages = plain.map((shares) => shares.map((share) => first.weight * logitOf(share)));
    for (const view of others) {
      const seen = pictures.map((pixels) => writeView(pixels, pixels.slice(), this.image, view));
      for (const [row, shares] of (await this.#probabilities(seen)).entries())
        for (const [label, share] of shares.entries())
          (averages[row] as number[])[label] = (averages[row]?.[label] ?? 0) + view.weight * logitOf(share);
    }
    return averages.map(softmax);
  }

  /** Requires the model to be trained with flipped images.
   * @throws RunError for any other model */
  requireFlips(): void {
    const { flips, augmentation } = this.#opened;
    if (flips) return;
    throw new RunError(
      `\`tta\` averages over a picture and its mirror image, but ${oneLine(this.path)} was trained with the ` +
        `augmentation ${oneLine(augmentation)}, which does not flip images; leave out \`tta\``,
    );
  }

  /** Frees the memory of the model. */
  release(): Promise<void> {
    return this.#opened.classifier.release();
  }

  async #probabilities(pictures: readonly Uint8Array[]): Promise<readonly (readonly number[])[]> {
    const all: (readonly number[])[] = [];
    for (let first = 0; first < pictures.length; first += this.batchSize)
      all.push(...(await this.#opened.classifier.classify(pictures.slice(first, first + this.batchSize))));
    if (!all.every((shares) => shares.every(Number.isFinite)))
      throw new RunError(
        `the network of ${oneLine(this.path)} computes values that are not numbers, which happens after a run has diverged; ` +
          'use an earlier checkpoint',
      );
    return all;
  }
}

/** Returns the name of the views to average over. */
export function viewsName(tta: TestTimeAugmentation | boolean): TestTimeAugmentation {
  if (typeof tta !== 'boolean') return tta;
  return tta ? 'mirror' : 'none';
}

/** Opens a trained model.
 * @param path a training folder, whose newest undamaged checkpoint is opened, a checkpoint file, or an exported ONNX or safetensors file
 * @param onWarning called for each checkpoint that was skipped
 * @throws UsageError for an option that is unknown or out of range
 * @throws RunError when the model is missing, damaged or from another program, or the engine cannot be used */
export async function openModel(
  path: string,
  options: OpenModelOptions = {},
  onWarning: (message: string) => void = () => undefined,
): Promise<TrainedModel> {
  aText('path', path);
  requireOptions(options, openModelChecks);
  return TrainedModel.open(path, options, onWarning);
}

/** @throws UsageError for anything but decoded pixels */
function requirePixels(picture: unknown): void {
  if (isPixels(picture)) return;
  throw new UsageError(
    'picture: expected the path of a file, the bytes of a file as a Uint8Array, or an object with `data`, `width` and `height`',
  );
}
