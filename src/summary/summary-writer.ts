/** Writes TensorBoard's event files from any program: a writer with a method for each kind of value. */
import {
  aFiniteNumber,
  aFunction,
  aListOf,
  aText,
  aWholeNumber,
  type OptionChecks,
  optional,
  requireFiniteNumber,
  requireOptions,
  requireRecord,
  requireWholeNumber,
} from '../arguments.ts';
import { type RunError, UsageError } from '../errors.ts';
import type { SummaryContent } from './event.ts';
import { EventWriter } from './event-writer.ts';
import { HistogramCounter } from './histogram.ts';
import { experimentValue, type Hyperparameters, sessionEndValue, sessionStartValue } from './hparams.ts';
import { encodeImage } from './png.ts';

/** Options of `SummaryWriter`. */
export interface SummaryWriterOptions {
  /** The first step that will be written, if a run is resumed. TensorBoard discards the points that earlier files have at this step
   * or later. Default: nothing is discarded. */
  readonly startStep?: number | undefined;
  /** The number of seconds between flushes. Default: 5. */
  readonly flushSeconds?: number | undefined;
  /** Called once, on the first write error. The writer keeps what it could not write, and tries again. Default: the next call of
   * `flush` or `close` throws the error. */
  readonly onError?: ((error: RunError) => void) | undefined;
}

const writerChecks: OptionChecks<SummaryWriterOptions> = {
  startStep: optional(aWholeNumber(0)),
  flushSeconds: optional(aFiniteNumber(0.001)),
  onError: optional(aFunction),
};

/** Options of a value. */
export interface SummaryOptions {
  /** What TensorBoard shows about the tag, in Markdown. The description of the first value of a tag counts. */
  readonly description?: string | undefined;
}

const summaryChecks: OptionChecks<SummaryOptions> = { description: optional(aText) };

/** An image: [height, width, channels] of 0 … 255, with 1 channel (gray), 3 (red, green, blue) or 4 (with alpha), such as the
 * `ImageData` of a canvas. */
export interface SummaryImage {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** Options of `SummaryWriter.hparams`. */
export interface HparamsOptions {
  /** The tags of the scalars to compare the runs by. */
  readonly metrics?: readonly string[] | undefined;
}

const hparamsChecks: OptionChecks<HparamsOptions> = { metrics: optional(aListOf(aText)) };

/**
 * Writes scalars, histograms, images and hyperparameters to event files in a folder, from which TensorBoard reads them while they
 * grow. Values are buffered, and written every few seconds and by `flush` and `close`. Readers group tags by the part before the
 * first `/`.
 * @example
 * import { SummaryWriter } from 'cifar10-ts/tensorboard';
 *
 * const writer = new SummaryWriter('logs/run1');
 * for (let step = 0; step < 100; step++) writer.scalar('loss', Math.exp(-step / 20), step);
 * writer.close();
 */
export class SummaryWriter {
  readonly #writer: EventWriter;
  #error: RunError | undefined;
  #hasHparams = false;
  #isClosed = false;

  /** @param dir the folder of the run, which is created if it is missing
   * @throws UsageError for an argument that is unknown or out of range
   * @throws RunError when no file can be created in the folder */
  constructor(dir: string, options: SummaryWriterOptions = {}) {
    aText('dir', dir);
    requireOptions(options, writerChecks);
    const { startStep, flushSeconds, onError } = options;
    this.#writer = new EventWriter({
      dir,
      ...(startStep !== undefined && { startStep }),
      ...(flushSeconds !== undefined && { flushSeconds }),
      onError: (error) => {
        if (onError === undefined) this.#error = error;
        else onError(error);
      },
    });
  }

  /** The path of the event file. Large runs continue in further files. */
  get path(): string {
    return this.#writer.path;
  }

  /** Adds a point of a curve. TensorBoard stores it as float32.
   * @param step the x coordinate, a whole number
   * @throws UsageError for an argument of another type, and after `close` */
  scalar(tag: string, value: number, step: number, options: SummaryOptions = {}): void {
    // A loss may be infinite or NaN. TensorBoard shows such points with a mark.
    if (typeof value !== 'number') requireFiniteNumber('value', value, -Infinity);
    this.#add(tag, step, options, { kind: 'scalar', value });
  }

  /** Adds a histogram of values. Those that are not finite are left out.
   * @throws UsageError as `scalar` does */
  histogram(tag: string, values: ArrayLike<number>, step: number, options: SummaryOptions = {}): void {
    requireNumbers(values);
    const counter = new HistogramCounter();
    counter.add(Float32Array.from(values));
    this.#add(tag, step, options, { kind: 'histogram', histogram: counter.histogram });
  }

  /** Adds an image.
   * @throws UsageError as `scalar` does, and when the length of the data does not fit the size */
  image(tag: string, image: SummaryImage, step: number, options: SummaryOptions = {}): void {
    const { data, width, height, channels } = imageFrom(image);
    const pixels = Uint8Array.from(data);
    this.#add(tag, step, options, {
      kind: 'image',
      image: encodeImage({ width, height, channels, data: pixels }),
    });
  }

  /** Adds the hyperparameters of the run, by which TensorBoard's HParams page compares runs. Call it once, before values that
   * depend on them.
   * @param values texts, numbers and booleans by name
   * @throws UsageError for other values, and after `close` */
  hparams(values: Hyperparameters, options: HparamsOptions = {}): void {
    requireHparams(values);
    requireOptions(options, hparamsChecks);
    this.#requireOpen();
    const { metrics = [] } = options;
    const now = Date.now() / 1000;
    const experiment = experimentValue({
      hyperparameters: values,
      metrics: metrics.map((tag) => ({ tag })),
      created: now,
    });
    this.#writer.add({ kind: 'summary', values: [experiment, sessionStartValue(values, now)] }, 0);
    this.#hasHparams = true;
  }

  /** Writes what is buffered. When it has returned, these values survive a kill of the process.
   * @throws RunError when they cannot be written, unless there is an `onError` */
  flush(): void {
    this.#writer.flush();
    this.#throwError();
  }

  /** Writes what is buffered and closes the file. It may be called repeatedly.
   * @throws RunError when something could not be written, unless there is an `onError` */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#hasHparams)
      this.#writer.add({ kind: 'summary', values: [sessionEndValue('success', Date.now() / 1000)] }, 0);
    this.#writer.close();
    this.#throwError();
  }

  #add(tag: string, step: number, options: SummaryOptions, content: SummaryContent): void {
    aText('tag', tag);
    requireWholeNumber('step', step, 0, Number.MAX_SAFE_INTEGER);
    requireOptions(options, summaryChecks);
    this.#requireOpen();
    const { description } = options;
    const value = { tag, ...(description !== undefined && { description }), ...content };
    this.#writer.add({ kind: 'summary', values: [value] }, step);
  }

  #requireOpen(): void {
    if (this.#isClosed) throw new UsageError(`the writer of ${this.path} is closed; open another one`);
  }

  #throwError(): void {
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw error;
  }
}

function requireNumbers(values: unknown): void {
  const isList = typeof values === 'object' && values !== null && 'length' in values;
  if (isList && Array.from(values as ArrayLike<unknown>).every((value) => typeof value === 'number')) return;
  throw new UsageError('values: expected an array of numbers, such as a Float32Array');
}

function requireHparams(values: unknown): void {
  requireRecord('values', values);
  for (const [name, value] of Object.entries(values))
    if (!['string', 'number', 'boolean'].includes(typeof value))
      throw new UsageError(`values: ${name}: expected a text, a number or a boolean, found ${typeof value}`);
}

function imageFrom(image: SummaryImage): SummaryImage & { readonly channels: 1 | 3 | 4 } {
  requireRecordOfPixels(image);
  const { data, width, height } = image;
  const channels = data.length / (width * height);
  if (channels === 1 || channels === 3 || channels === 4) return { data, width, height, channels };
  throw new UsageError(
    `image: found ${data.length} bytes, expected 1, 3 or 4 for each of the ${width} × ${height} pixels`,
  );
}

function requireRecordOfPixels(image: unknown): void {
  const isImage = typeof image === 'object' && image !== null && 'data' in image;
  const bytes = /^\[object Uint8(?:Clamped)?Array\]$/;
  if (!isImage || !bytes.test(Object.prototype.toString.call(image.data)))
    throw new UsageError('image: expected an object with `data` (a Uint8Array), `width` and `height`');
  for (const name of ['width', 'height']) requireWholeNumber(`image.${name}`, Reflect.get(image, name), 1);
}
