/** Measures the precision @ 1 of the weights of a network. Each example is scored exactly once. (For 10,000 examples, r0.11
 * computed 10,112 scores.) */
import {
  aChoice,
  aFunction,
  anObjectWith,
  aSignal,
  aWholeNumber,
  type OptionChecks,
  optional,
  required,
  requireOneOf,
  requireOptions,
  requireWholeNumber,
} from '../arguments.ts';
import type { Checkpoint } from '../checkpoint/content.ts';
import type { DatasetDescription } from '../data/dataset.ts';
import { ExampleReader, type Examples, theExamples } from '../data/examples.ts';
import { anEngine, type Engine, type Tensors } from '../engine/engine.ts';
import { RunError, requireRunning, StoppedError } from '../errors.ts';
import type { AugmentationName } from '../input/augmentation.ts';
import { anImageRecipe, augmentations, type ImageRecipe } from '../input/augmentations.ts';
import type { Batch } from '../input/batch.ts';
import { prefetchEvaluation } from '../input/prefetch.ts';
import { type TestTimeAugmentation, testTimeChoices, testTimeViews, writeView } from '../input/test-time.ts';
import { aNetwork, type Network } from '../model/network.ts';
import type { Float32Tensor, Shape } from '../tensor/tensor.ts';
import type { Placement } from '../training/placement.ts';
import { networkOf, storedImages } from '../training/stored-run.ts';
import { shortened } from '../wording.ts';
import { inTop1 } from './in-top-k.ts';
import { NetworkSession } from './network-session.ts';
import { LogitsExchange, type ScoringRanks } from './scoring-ranks.ts';
import { scoredWeights, type Weights, weightChoices } from './weights.ts';

/** A scored example: its index, its class, and the network's logits for every class. */
export interface Scored {
  readonly example: number;
  readonly label: number;
  /** One logit per class. The array is valid until the next example is scored. */
  readonly logits: Float32Array;
  readonly correct: boolean;
}

/** How many examples were classified correctly. */
export interface Score {
  readonly correct: number;
  readonly total: number;
  /** `correct` / `total`. */
  readonly precision: number;
  /** With test-time augmentation: the number of examples that the average over the views classifies correctly, and their fraction. The
   * other results are always those of the images themselves. */
  readonly ttaCorrect?: number;
  readonly ttaPrecision?: number;
}

/** The first batch that was scored, with what the network computed for it. */
export interface ScoredBatch {
  readonly network: Network;
  /** The images [N, C, H, W]. The array is valid only during the call. */
  readonly images: Float32Array;
  /** The activations, by the tags of their histograms. */
  readonly activations: Tensors;
  /** The names of the activations, in the order of the layers. */
  readonly activationNames: readonly string[];
  /** The number of examples in the batch. The remaining rows are padding. */
  readonly count: number;
  /** The weights that were evaluated, by variable. */
  readonly weights: ReadonlyMap<string, Float32Tensor>;
}

/** What to score, and the callbacks. */
export interface Scoring {
  /** The maximum number of examples, starting with the first. Default: all. */
  readonly numExamples?: number;
  /** Called for every example. */
  readonly onScored?: (scored: Scored) => void;
  /** Called with the first batch, in the first of several processes. The session returns the activations of that batch only if this
   * callback is given. */
  readonly onFirstBatch?: (batch: ScoredBatch) => void;
  /** Called after every batch with the number of examples scored so far. */
  readonly onProgress?: (done: number) => void;
  /** If the signal is aborted in one of several processes, scoring stops in all of them. */
  readonly signal?: AbortSignal;
  /** The processes that score together. All of them score the same examples, and get the same results; each computes some of the
   * batches. */
  readonly ranks?: ScoringRanks | undefined;
  /** The views of each image whose logits are averaged for a second precision. Default: `none`, which computes no second precision. The
   * run must have been trained with flips. */
  readonly tta?: TestTimeAugmentation | undefined;
}

const scoringChecks: OptionChecks<Scoring> = {
  numExamples: optional(aWholeNumber(1)),
  onScored: optional(aFunction),
  onFirstBatch: optional(aFunction),
  onProgress: optional(aFunction),
  signal: optional(aSignal),
  ranks: optional(anObjectWith('sum', 'processes that score together, such as a job: await startMpi()')),
  tta: optional(aChoice(testTimeChoices)),
};

/** A compiled network that scores sets of weights one at a time. */
export class Evaluator {
  readonly engine: Engine;
  readonly #images: ImageRecipe;
  readonly #session: NetworkSession;

  private constructor(engine: Engine, images: ImageRecipe, session: NetworkSession) {
    this.engine = engine;
    this.#images = images;
    this.#session = session;
  }

  /** Compiles a network for evaluation.
   * @param images how the images were made in training
   * @throws UsageError for an invalid argument */
  static async create(
    engine: Engine,
    network: Network,
    batchSize: number,
    images: ImageRecipe,
  ): Promise<Evaluator> {
    anEngine('engine', engine);
    aNetwork('network', network);
    anImageRecipe('images', images);
    requireWholeNumber('batchSize', batchSize, 1);
    return new Evaluator(engine, images, await NetworkSession.create(engine, network, batchSize));
  }

  /** Returns where a batch is computed. */
  placement(): Promise<Placement> {
    return this.#session.placement(this.engine);
  }

  /** Scores examples, starting with the first. Returns undefined if scoring was stopped.
   * @throws RunError when one of the weights is missing, and for test-time augmentation of a run that was trained without flips */
  async score(
    tensors: ReadonlyMap<string, Float32Tensor>,
    weights: Weights,
    examples: Examples,
    scoring: Scoring = {},
  ): Promise<Score | undefined> {
    theExamples('examples', examples);
    requireOptions(scoring, scoringChecks);
    const {
      numExamples = examples.count,
      onScored,
      onFirstBatch,
      onProgress,
      signal,
      ranks,
      tta = 'none',
    } = scoring;
    requireOneOf('weights', weights, weightChoices);
    requireFlips(tta, this.#images.augmentation);
    const written = await this.#session.load(tensors, weights);
    const { network, batchSize } = this.#session;
    const { imageShape, classes } = network;
    const { rank = 0, size = 1 } = ranks ?? {};
    const batches = prefetchEvaluation(examples, {
      ...{ batchSize, imageShape, images: this.#images, numExamples },
      turns: { first: rank, every: size },
    });
    const exchange = ranks && new LogitsExchange(ranks, batchSize * classes);
    const reader = new ExampleReader(examples);
    const count = Math.min(numExamples, examples.count);
    const stops = () => signal?.aborted === true;
    let [correct, ttaCorrect, total] = [0, 0, 0];
    try {
      while (total < count) {
        const batch = stops() ? undefined : await batches.next();
        const own = batch && (await this.#logitsOf(batch, written, onFirstBatch));
        const scores = exchange === undefined ? own : await exchange.exchange(own, stops());
        if (scores === undefined) return undefined;
        // The logits of the images themselves are overwritten by the next exchange.
        const plain = tta === 'none' || exchange === undefined ? scores : scores.slice();
        const averages = tta === 'none' ? undefined : await this.#averagesOf(batch, own, tta, exchange);
        const rows = Math.min(size * batchSize, count - total);
        for (let row = 0; row < rows; row++) {
          const example = total + row;
          const label = reader.labelOf(example);
          const right = inTop1(plain, classes, row, label);
          if (right) correct++;
          if (averages !== undefined && inTop1(averages, classes, row, label)) ttaCorrect++;
          const ofRow = plain.subarray(row * classes, (row + 1) * classes);
          onScored?.({ example, label, logits: ofRow, correct: right });
        }
        total += rows;
        if (batch !== undefined) batches.recycle(batch);
        onProgress?.(total);
      }
      if (exchange === undefined && stops()) return undefined;
    } finally {
      await batches.close();
    }
    const second = tta === 'none' ? {} : { ttaCorrect, ttaPrecision: ttaCorrect / total };
    return { correct, total, precision: correct / total, ...second };
  }

  /** Returns the averages of the logits over the views of the images of a batch, or of the batches of all processes.
   * @param plain the logits of the images themselves, or undefined if this process has no batch in this round */
  async #averagesOf(
    batch: Batch | undefined,
    plain: Float32Array | undefined,
    tta: TestTimeAugmentation,
    exchange: LogitsExchange | undefined,
  ): Promise<Float32Array | undefined> {
    const own =
      batch &&
      plain &&
      (await averageOverViews(batch.images, this.#session.network.imageShape, tta, plain, this.#infer));
    return exchange === undefined ? own : exchange.exchange(own, false);
  }

  readonly #infer = async (images: Float32Array): Promise<Float32Array> =>
    (await this.#session.infer(images)).logits;

  /** Computes the logits [N, classes] of a batch. */
  async #logitsOf(
    { images, step, count }: Batch,
    weights: ReadonlyMap<string, Float32Tensor>,
    onFirstBatch: Scoring['onFirstBatch'],
  ): Promise<Float32Array> {
    const watched = step === 0 ? onFirstBatch : undefined;
    const { logits, tensors: activations } = await this.#session.infer(images, {
      watch: watched !== undefined,
    });
    const { network, activationNames } = this.#session;
    watched?.({ network, images, count, weights, activations, activationNames });
    return logits;
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}

/** Options of `evaluateCheckpoint`. */
export interface EvaluateOptions {
  readonly engine: Engine;
  readonly checkpoint: Checkpoint;
  readonly examples: Examples;
  readonly weights: Weights;
  readonly batchSize: number;
  /** The maximum number of examples to score, starting with the first. */
  readonly numExamples: number;
  readonly signal?: AbortSignal;
}

const evaluateChecks: OptionChecks<EvaluateOptions> = {
  engine: required(anEngine),
  checkpoint: required(anObjectWith('tensors', 'a checkpoint: await readCheckpoint(path)')),
  examples: required(theExamples),
  weights: required(aChoice(weightChoices)),
  batchSize: required(aWholeNumber(1)),
  numExamples: required(aWholeNumber(1)),
  signal: optional(aSignal),
};

/** The score of a checkpoint. */
export interface Evaluation extends Score {
  readonly globalStep: number;
}

/** Scores one checkpoint.
 * @throws UsageError for an invalid option, with its name
 * @throws RunError when the classes of the data set differ from those of the checkpoint, or the checkpoint lacks a tensor
 * @throws StoppedError when `signal` is aborted */
export async function evaluateCheckpoint(options: EvaluateOptions): Promise<Evaluation> {
  requireOptions(options, evaluateChecks);
  const { engine, checkpoint, examples, weights, batchSize, numExamples, signal } = options;
  const { metadata, tensors } = checkpoint;
  requireSameClasses(metadata.dataset.classes, examples.dataset);
  requireRunning(signal, 'nothing was scored');
  const evaluator = await Evaluator.create(engine, networkOf(metadata), batchSize, storedImages(metadata));
  try {
    const score = await evaluator.score(tensors, scoredWeights(metadata.hyperparameters, weights), examples, {
      numExamples,
      ...(signal && { signal }),
    });
    if (score === undefined) throw new StoppedError('nothing was scored');
    return { globalStep: metadata.globalStep, ...score };
  } finally {
    await evaluator.release();
  }
}

/** Averages the logits over the views of images [N, C, H, W].
 * @param plain the logits of the images themselves, [N, classes]
 * @param infer computes the logits of a view */
async function averageOverViews(
  images: Float32Array,
  shape: Shape,
  tta: TestTimeAugmentation,
  plain: Float32Array,
  infer: (images: Float32Array) => Promise<Float32Array>,
): Promise<Float32Array> {
  const [first, ...others] = testTimeViews[tta];
  const averages = plain.map((logit) => first.weight * logit);
  const seen = new Float32Array(images.length);
  for (const view of others) {
    const logits = await infer(writeView(images, seen, shape, view));
    for (let i = 0; i < averages.length; i++) (averages[i] as number) += view.weight * (logits[i] as number);
  }
  return averages;
}

/** Requires a run to be trained with flipped images, if predictions are averaged over mirror images.
 * @throws RunError for any other run */
export function requireFlips(tta: TestTimeAugmentation, augmentation: AugmentationName): void {
  if (tta === 'none' || augmentations[augmentation].flips) return;
  throw new RunError(
    `\`tta\` averages over mirror images, but the run was trained with the augmentation ${augmentation}, which does not flip images; ` +
      'leave out `tta`',
  );
}

/** Requires the data set to have the classes that a checkpoint was trained on.
 * @throws RunError with both lists of classes and the advice */
export function requireSameClasses(
  trained: readonly string[],
  dataset: DatasetDescription,
  advice: string = '',
): void {
  if (JSON.stringify(trained) === JSON.stringify(dataset.classes)) return;
  throw new RunError(
    `the checkpoint was trained on ${trained.length} classes (${shortened(trained.join(', '))}), but found ` +
      `${dataset.classes.length} in ${dataset.title} (${shortened(dataset.classes.join(', '))})${advice}`,
  );
}
