/** Classifies pictures in a page with an ONNX file that `cifar10 export` wrote. The page passes the library that runs the file,
 * onnxruntime-web, so that it can choose its version and how to load it. */
import { aWholeNumber, type OptionChecks, optional, requireObject, requireOptions } from '../arguments.ts';
import type { ImageShape } from '../data/record.ts';
import { messageOf, RunError, UsageError } from '../errors.ts';
import type { Pixels } from '../pictures/decode.ts';
import {
  imagesName,
  mostPixels,
  probabilitiesName,
  storedClasses,
  storedImage,
  storedStep,
} from '../predict/exported-contract.ts';
import { isPixels } from '../predict/pixels.ts';
import { mostProbable, type Prediction } from '../predict/prediction.ts';
import { fitToSquare } from './fit-pixels.ts';
import { onnxMetadata } from './onnx-metadata.ts';

/** The part of `onnxruntime-web` (or `onnxruntime-node`) that a model needs. Pass the whole module. */
export interface OnnxRuntime {
  readonly InferenceSession: {
    create(model: Uint8Array, options?: object): Promise<OnnxSession>;
  };
  readonly Tensor: new (type: 'uint8', data: Uint8Array, dims: readonly number[]) => object;
}

/** An `InferenceSession` of onnxruntime-web. */
export interface OnnxSession {
  run(feeds: Readonly<Record<string, object>>): Promise<Readonly<Record<string, OnnxOutput>>>;
  release(): Promise<void>;
}

/** A tensor that a session returned. */
export interface OnnxOutput {
  readonly dims: readonly number[];
  readonly data: unknown;
}

/** Options of `ExportedModel.classify`. */
export interface PageClassifyOptions {
  /** The number of classes to return, most probable first. Default: all. */
  readonly topK?: number | undefined;
}

const classifyChecks: OptionChecks<PageClassifyOptions> = { topK: optional(aWholeNumber(1)) };

/** What a file says about itself. */
interface Description {
  readonly classes: readonly string[];
  readonly image: ImageShape;
  readonly globalStep: number;
  readonly metadata: ReadonlyMap<string, string>;
}

/** An exported model in a page (`openExportedModel`). */
export class ExportedModel {
  /** The names of the classes. A label is an index into them. */
  readonly classes: readonly string[];
  /** The shape [3, S, S] of a picture. Pictures of other sizes are resized and cropped to it. */
  readonly image: ImageShape;
  /** The number of updates after which the weights were saved. */
  readonly globalStep: number;
  /** Everything that the file says about itself: its `metadata_props`. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly #runtime: OnnxRuntime;
  readonly #session: OnnxSession;

  private constructor(
    { classes, image, globalStep, metadata }: Description,
    runtime: OnnxRuntime,
    session: OnnxSession,
  ) {
    this.classes = classes;
    this.image = image;
    this.globalStep = globalStep;
    this.metadata = metadata;
    this.#runtime = runtime;
    this.#session = session;
  }

  /** Opens a file (see `openExportedModel`). */
  static async open(file: Uint8Array, runtime: OnnxRuntime, sessionOptions: object): Promise<ExportedModel> {
    const description = descriptionIn(onnxMetadata(file));
    const session = await runtime.InferenceSession.create(file, sessionOptions).catch((error: unknown) => {
      throw new RunError(`ONNX Runtime cannot load the model: ${messageOf(error)}`, { cause: error });
    });
    return new ExportedModel(description, runtime, session);
  }

  /** Classifies a picture.
   * @param picture decoded pixels of any size, such as the `ImageData` of a canvas
   * @returns the classes, the most probable first
   * @throws UsageError for anything but decoded pixels, and for unknown options
   * @throws RunError when the model returns something else than probabilities */
  async classify(picture: Pixels, options: PageClassifyOptions = {}): Promise<readonly Prediction[]> {
    const [predictions = []] = await this.classifyAll([picture], options);
    return predictions;
  }

  /** Classifies several pictures at once, which is faster.
   * @returns the classes of each picture, the most probable first
   * @throws UsageError and RunError as `classify` does */
  async classifyAll(
    pictures: readonly Pixels[],
    options: PageClassifyOptions = {},
  ): Promise<readonly (readonly Prediction[])[]> {
    requireOptions(options, classifyChecks);
    for (const picture of pictures) requirePixels(picture);
    if (pictures.length === 0) return [];
    const { classes } = this;
    const { topK = classes.length } = options;
    const values = await this.#probabilities(pictures);
    return pictures.map((_, row) =>
      mostProbable([...values.subarray(row * classes.length, (row + 1) * classes.length)], classes, topK),
    );
  }

  /** Frees the memory of the model. */
  release(): Promise<void> {
    return this.#session.release();
  }

  /** Returns the probabilities [N, classes]. */
  async #probabilities(pictures: readonly Pixels[]): Promise<Float32Array> {
    const [channels, height, width] = this.image;
    const size = channels * height * width;
    const images = new Uint8Array(pictures.length * size);
    for (const [row, picture] of pictures.entries()) images.set(fitToSquare(picture, width), row * size);
    const feed = new this.#runtime.Tensor('uint8', images, [pictures.length, height, width, channels]);
    const found = (await this.#session.run({ [imagesName]: feed }))[probabilitiesName];
    const expected = [pictures.length, this.classes.length];
    if (found?.dims.join() !== expected.join() || !isFloats(found.data))
      throw new RunError(`the exported file returned no ${probabilitiesName} of [${expected.join(', ')}]`);
    return found.data;
  }
}

/** Opens an ONNX file that `exportModel` or `cifar10 export` wrote.
 * @param file the bytes of the file
 * @param runtime the module `onnxruntime-web`
 * @param sessionOptions options of `InferenceSession.create`, such as `{ executionProviders: ['webgpu'] }`
 * @throws UsageError when an argument is something else
 * @throws RunError when the file is damaged or from another program, or ONNX Runtime cannot load it
 * @example
 * import { openExportedModel } from 'cifar10-ts/browser';
 * import * as ort from 'onnxruntime-web';
 *
 * const file = await fetch('model.onnx');
 * const model = await openExportedModel(await file.arrayBuffer(), ort);
 * const [best] = await model.classify(context.getImageData(0, 0, canvas.width, canvas.height));
 * console.log(best?.label, best?.probability); */
export async function openExportedModel(
  file: Uint8Array | ArrayBuffer,
  runtime: OnnxRuntime,
  sessionOptions: object = {},
): Promise<ExportedModel> {
  requireObject(
    'runtime',
    runtime,
    'InferenceSession',
    "the module onnxruntime-web: import * as ort from 'onnxruntime-web'",
  );
  requireObject('sessionOptions', sessionOptions, 'constructor', 'an object with options of onnxruntime-web');
  return ExportedModel.open(bytesOf(file), runtime, sessionOptions);
}

/** Returns a view of the bytes. They may be of another realm, whose arrays protobufjs does not recognize. */
function bytesOf(file: unknown): Uint8Array {
  const kind = Object.prototype.toString.call(file);
  if (kind === '[object Uint8Array]') {
    const { buffer, byteOffset, byteLength } = file as Uint8Array;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  if (kind === '[object ArrayBuffer]') return new Uint8Array(file as ArrayBuffer);
  throw new UsageError('file: expected the bytes of an ONNX file as a Uint8Array or an ArrayBuffer');
}

function isFloats(data: unknown): data is Float32Array {
  return Object.prototype.toString.call(data) === '[object Float32Array]';
}

/** @throws UsageError for anything but decoded pixels */
function requirePixels(picture: unknown): void {
  if (isPixels(picture)) return;
  throw new UsageError('picture: expected an object with `data`, `width` and `height`, such as ImageData');
}

/** Reads what a file says about itself.
 * @throws RunError when it says nothing, or something else than an exported file does */
function descriptionIn(metadata: ReadonlyMap<string, string>): Description {
  const where = (name: string) => `metadata_props ${name}`;
  const property = (name: string): string => {
    const value = metadata.get(name);
    if (value !== undefined) return value;
    throw new RunError(
      `not an ONNX file of the export format onnx: it has no ${name} in its metadata_props. ` +
        'Write one with exportModel or the command export',
    );
  };
  const image = storedImage(property('image'), where('image'));
  if (image === undefined)
    throw new RunError(
      `${where('image')}: expected [3, S, S] with at most ${mostPixels} for S, found ${metadata.get('image')}`,
    );
  const classes = storedClasses(property('classes'), where('classes'));
  return { classes, image, globalStep: storedStep(property('global_step'), where('global_step')), metadata };
}
