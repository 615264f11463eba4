/**
 * Classifies the pictures of files, folders, patterns and standard input. This is a generator of events without flags or console.
 * `cifar10 predict` prints the events.
 *
 *     sources ─► decode ahead ─► batches ─► classify ─► events, in the order of the sources
 *
 * Only the names of the pictures are all in memory at once. A few pictures are decoded while the engine computes a batch.
 *
 * @example
 * import { predict } from 'cifar10-ts';
 *
 * for await (const event of predict({ checkpointDir: 'run', sources: ['photos'] })) {
 *   if (event.kind === 'prediction') console.log(event.path, event.predictions[0]?.label);
 *   if (event.kind === 'unreadable') console.error(event.path, event.reason);
 * }
 */
import {
  aListOf,
  aText,
  type Check,
  type OptionChecks,
  optional,
  required,
  requireOptions,
} from '../arguments.ts';
import { messageOf, StoppedError, UsageError } from '../errors.ts';
import { eachOf, mapAhead } from '../parallel.ts';
import { decoderVersion, PictureError } from '../pictures/decode.ts';
import { batchesOfThread, batchFiles, PlainThreads } from '../pictures/plain-threads.ts';
import { evaluationDefaults } from '../recipe/defaults.ts';
import { type FastestDevice, requireOffer } from '../run/fastest-device.ts';
import { type StopControl, stopChecks } from '../run/stop-control.ts';
import { Patience } from '../training/patience.ts';
import { oneLine } from '../wording.ts';
import { type OpenModelOptions, openModelChecks } from './open-classifier.ts';
import { mostProbable, type Prediction } from './prediction.ts';
import { listSources, type Source, standardInput } from './sources.ts';
import {
  type ClassifyOptions,
  classifyChecks,
  openModel,
  type TrainedModel,
  viewsName,
} from './trained-model.ts';

/** A request to classify pictures. */
export interface PredictionRequest extends OpenModelOptions, ClassifyOptions {
  /** Paths of files, folders and patterns such as `photos/*.jpg`; `-` is the picture whose bytes come from standard input. */
  readonly sources: readonly string[];
  /** A training folder, whose newest undamaged checkpoint is used, a checkpoint file or an exported ONNX file. */
  readonly checkpointDir: string;
}

export const predictionChecks: OptionChecks<PredictionRequest> = {
  sources: required(aListOf(aText)),
  checkpointDir: required(aText),
  ...openModelChecks,
  ...classifyChecks,
};

/** Controls `predict` while it runs. */
export interface PredictionControl extends StopControl {
  /** Where `-` reads from. Default: the standard input of the process. */
  readonly input?: AsyncIterable<Uint8Array>;
}

const anAsyncIterable: Check = (name, value) => {
  const isIterable = typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
  if (!isIterable)
    throw new UsageError(`${name}: expected a stream or another asynchronous iterable of bytes`);
};

const controlChecks: OptionChecks<PredictionControl> = {
  ...stopChecks,
  input: optional(anAsyncIterable),
};

/** What `predict` reports. */
export type PredictionEvent =
  /** A warning. The command continues. */
  | { readonly kind: 'warning'; readonly message: string }
  /** The device that was chosen for `device: auto`. */
  | ({ readonly kind: 'device' } & FastestDevice)
  /** The model is ready. `names` are those of all pictures that will be decoded. */
  | { readonly kind: 'model'; readonly model: TrainedModel; readonly names: readonly string[] }
  | {
      readonly kind: 'prediction';
      /** The path of the picture, or `-`. */
      readonly path: string;
      /** The most probable class first. */
      readonly predictions: readonly Prediction[];
    }
  /** A picture that could not be classified. */
  | { readonly kind: 'unreadable'; readonly path: string; readonly reason: string }
  /** A file in a folder that is not a picture. */
  | { readonly kind: 'ignored'; readonly path: string; readonly reason: string }
  | {
      readonly kind: 'end';
      /** The number of pictures that were classified, and of those that could not be. */
      readonly pictures: number;
      readonly unreadable: number;
      readonly ignored: number;
      readonly stopped: boolean;
    };

/** How many pictures sharp decodes at once. It uses the threads of libuv, of which there are 4 by default. */
const decodedAtOnce = 8;
/** How many batches wait for the engine, or are computed by it. */
const batchesAhead = 2;
/** The number of classes that are returned by default. */
const defaultTopK = 5;
/** The largest picture that is read from standard input, in bytes. */
const mostInputBytes = 1 << 29;

/** Classifies pictures. Events are yielded in the order of the sources. A picture that cannot be read is reported, and the others
 * are classified.
 * @throws UsageError for options that are unknown or out of range, and for an engine that does not offer the precision
 * @throws RunError when the model is missing, damaged or from another program, the engine or the decoder cannot be used, or `tta`
 * is set for a model that was trained without flips */
export async function* predict(
  request: PredictionRequest,
  control: PredictionControl = {},
): AsyncGenerator<PredictionEvent, void, void> {
  requireOptions(request, predictionChecks);
  requireOptions(control, controlChecks);
  const { sources, checkpointDir, topK = defaultTopK, tta = 'none', ...options } = request;
  const { batchSize = evaluationDefaults.batchSize } = options;
  const { engine = 'auto', precision = 'float32', device = 'cpu' } = options;
  requireOffer({ engine, precision, device });
  requireSources(sources);
  // If the decoder is missing, this is reported before the model is read.
  await decoderVersion();
  const { signal } = control;
  const warnings: string[] = [];
  const model = await openModel(checkpointDir, { ...options, batchSize }, (text) => warnings.push(text));
  for (const message of warnings) yield { kind: 'warning', message };
  if (model.fastest !== undefined) yield { kind: 'device', ...model.fastest };
  const counts = { pictures: 0, unreadable: 0, ignored: 0 };
  let stopped = false;
  try {
    if (viewsName(tta) !== 'none') model.requireFlips();
    const found = await listSources(sources, signal);
    yield { kind: 'model', model, names: found.filter(isPicture).map(({ name }) => name) };
    for await (const event of new Predictor(model, { topK, tta }, control).events(found)) {
      counts[countOf[event.kind]]++;
      yield event;
    }
  } catch (error) {
    stopped = error instanceof StoppedError && signal?.aborted === true;
    if (!stopped) throw error;
  } finally {
    await new Patience(signal).for(model.release());
  }
  yield { kind: 'end', ...counts, stopped };
}

type ResultEvent = Extract<PredictionEvent, { readonly kind: 'prediction' | 'unreadable' | 'ignored' }>;

const countOf = { prediction: 'pictures', unreadable: 'unreadable', ignored: 'ignored' } as const;

/** @throws UsageError when there is nothing to classify, or standard input is named twice */
function requireSources(sources: readonly string[]): void {
  if (sources.length === 0)
    throw new UsageError('`sources`: expected at least one file, folder or pattern, found none');
  if (sources.filter((name) => name === standardInput).length > 1)
    throw new UsageError('standard input (-) can be read only once, but is named twice');
}

function isPicture({ kind }: Source): boolean {
  return kind === 'picture' || kind === 'input';
}

/** A source, with its pixels [3, S, S] if it is a picture that could be decoded. */
type Decoded =
  | { readonly event: Exclude<ResultEvent, { readonly kind: 'prediction' }> }
  | { readonly path: string; readonly pixels: Uint8Array };

function* groupsOf<T>(items: readonly T[], size: number): Generator<readonly T[], void, void> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size);
}

class Predictor {
  readonly #model: TrainedModel;
  readonly #options: { readonly topK: number; readonly tta: NonNullable<ClassifyOptions['tta']> };
  readonly #control: PredictionControl;

  constructor(
    model: TrainedModel,
    options: { readonly topK: number; readonly tta: NonNullable<ClassifyOptions['tta']> },
    control: PredictionControl,
  ) {
    this.#model = model;
    this.#options = options;
    this.#control = control;
  }

  /** Yields one event for each source, in order.
   * @throws StoppedError when the signal is aborted */
  async *events(sources: readonly Source[]): AsyncGenerator<ResultEvent, void, void> {
    const { signal } = this.#control;
    const [, size] = this.#model.image;
    const threads = await PlainThreads.start(sources.filter(isPicture).length, size);
    try {
      const batches = this.#batchesOf(this.#decoded(sources, threads));
      for await (const events of mapAhead(batches, batchesAhead, (batch) => this.#classify(batch), signal))
        yield* events;
    } finally {
      await threads.release();
    }
  }

  /** Decodes ahead: picture by picture, or if there are many, in groups, of which threads decode the small JPEG files. */
  async *#decoded(sources: readonly Source[], threads: PlainThreads): AsyncGenerator<Decoded, void, void> {
    const [size, ahead] =
      threads.count === 0 ? [1, decodedAtOnce] : [batchFiles, batchesOfThread * threads.count];
    const atOnce = Math.ceil(decodedAtOnce / ahead);
    const decode = (group: readonly Source[]) => this.#decodeGroup(group, threads, atOnce);
    for await (const group of mapAhead(groupsOf(sources, size), ahead, decode, this.#control.signal))
      yield* group;
  }

  async #decodeGroup(
    group: readonly Source[],
    threads: PlainThreads,
    atOnce: number,
  ): Promise<readonly Decoded[]> {
    const files = group.filter(({ kind }) => kind === 'picture');
    const found = await threads.decode(files.map(({ name }) => name));
    const pixelsOf = new Map(files.map((file, index) => [file, found[index]]));
    return eachOf(group, atOnce, async (source) => {
      const pixels = pixelsOf.get(source);
      return pixels === undefined ? this.#decode(source) : { path: source.name, pixels };
    });
  }

  async #decode(source: Source): Promise<Decoded> {
    const { kind, name: path } = source;
    if (kind === 'unreadable' || kind === 'ignored') return { event: { kind, path, reason: source.reason } };
    try {
      const picture = kind === 'input' ? await this.#inputBytes() : path;
      return { path, pixels: await this.#model.decode(picture) };
    } catch (error) {
      if (!(error instanceof PictureError)) throw error;
      return { event: { kind: 'unreadable', path, reason: error.message } };
    }
  }

  async #inputBytes(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    try {
      for await (const chunk of this.#control.input ?? process.stdin) {
        chunks.push(chunk);
        length += chunk.length;
        if (length > mostInputBytes)
          throw new Error(`more than ${mostInputBytes.toLocaleString('en-US')} bytes`);
      }
    } catch (error) {
      throw new PictureError('unreadable', `standard input cannot be read (${oneLine(messageOf(error))})`, {
        cause: error,
      });
    }
    return Buffer.concat(chunks);
  }

  /** Groups what was decoded, so that each group except the last has as many pictures as the engine computes at once. */
  async *#batchesOf(decoded: AsyncIterable<Decoded>): AsyncGenerator<readonly Decoded[], void, void> {
    let batch: Decoded[] = [];
    let pictures = 0;
    for await (const one of decoded) {
      batch.push(one);
      if ('pixels' in one) pictures++;
      if (pictures < this.#model.batchSize) continue;
      yield batch;
      [batch, pictures] = [[], 0];
    }
    if (batch.length > 0) yield batch;
  }

  async #classify(batch: readonly Decoded[]): Promise<readonly ResultEvent[]> {
    const { topK, tta } = this.#options;
    const pictures = batch.flatMap((one) => ('pixels' in one ? [one.pixels] : []));
    const probabilities = await this.#model.classifyPixels(pictures, { tta });
    let row = 0;
    return batch.map((one) => {
      if (!('pixels' in one)) return one.event;
      const shares = probabilities[row++] ?? [];
      return {
        kind: 'prediction',
        path: one.path,
        predictions: mostProbable(shares, this.#model.classes, topK),
      };
    });
  }
}
