/**
 * Scores checkpoints one after another on the images that the request specifies. In an MPI job, all processes score together, and
 * the first one writes summaries and reports.
 */
import { join } from 'node:path';
import type { Checkpoint } from '../checkpoint/content.ts';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import type { Job } from '../collective/mpi/start-mpi.ts';
import { type DatasetDescription, examplesIn, type Split } from '../data/dataset.ts';
import type { DataEvent } from '../data/events.ts';
import type { Examples } from '../data/examples.ts';
import { checksum as checksumOf, folderOf, loadExamples } from '../data/files.ts';
import { holdOut } from '../data/holdout.ts';
import type { Engine } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import type { ConfusionMatrix } from '../evaluation/confusion.ts';
import { type Evaluation, Evaluator, requireFlips, requireSameClasses } from '../evaluation/evaluate.ts';
import type { Weights } from '../evaluation/weights.ts';
import { scoredWeights } from '../evaluation/weights.ts';
import type { TestTimeAugmentation } from '../input/test-time.ts';
import { trainingDefaults } from '../recipe/defaults.ts';
import { lastReport } from '../report/report-files.ts';
import type { Placement } from '../training/placement.ts';
import { datasetOf, networkOf, storedImages } from '../training/stored-run.ts';
import { oneLine } from '../wording.ts';
import { factsOfEngine, factsOfExamples, factsOfScoring, requireAlike } from './alike.ts';
import type { PreparationEvent } from './ensure-dataset.ts';
import type { EvalData, EvaluationSettings } from './evaluation-request.ts';
import { EvaluationSummaries } from './evaluation-summaries.ts';
import { inferenceEngine } from './inference-engine.ts';
import { type PlacementEvent, writePlacement } from './placement-file.ts';
import { firstThenOthers, leads, together } from './ranks.ts';
import { findData, type RunData } from './run-data.ts';
import { ScoreRecording } from './score-recording.ts';

/** What is reported while checkpoints are scored. */
export type ScoringEvent =
  | PreparationEvent
  /** The scoring of a checkpoint begins. */
  | {
      readonly kind: 'evaluating';
      readonly dataset: DatasetDescription;
      readonly images: number;
      readonly weights: Weights;
      readonly engine: Engine;
      /** The number of processes. */
      readonly ranks: number;
    }
  /** With `logDevicePlacement`: where the network is computed. */
  | PlacementEvent
  /** `done` of `all` images are scored. */
  | { readonly kind: 'scored'; readonly done: number; readonly all: number }
  | {
      readonly kind: 'evaluation';
      readonly checkpoint: string;
      readonly dataset: DatasetDescription;
      readonly evalData: EvalData;
      readonly weights: Weights;
      readonly tta: TestTimeAugmentation;
      readonly result: Evaluation;
    }
  /** The files of a report are written. `page` is the path of `report.html`, which is also the last of the files. */
  | {
      readonly kind: 'report';
      readonly confusion: ConfusionMatrix;
      readonly files: readonly string[];
      readonly page: string;
    };

/** The result of an evaluation as it is recorded. */
export interface EvaluationResult extends Evaluation {
  readonly dataset: string;
  /** The label that is used as the class. */
  readonly labels: string;
  /** Where the user's own pictures come from, or null for other data sets. */
  readonly source: string | null;
  /** The SHA-256 checksum of the records of the split that contains the images. */
  readonly checksum: string;
}

export interface ScoringControl {
  readonly signal: AbortSignal;
  readonly report: (event: ScoringEvent) => void;
  readonly job: Job | undefined;
}

interface ReadExamples {
  /** Identifies the data and the part of it that was read. */
  readonly key: string;
  readonly examples: Examples;
  /** The folder with the files of the data set. */
  readonly dataFolder: string;
  readonly checksum: string;
}

export class CheckpointScorer {
  readonly #settings: EvaluationSettings;
  readonly #signal: AbortSignal;
  readonly #job: Job | undefined;
  readonly #report: (event: ScoringEvent) => void;
  readonly #summaries: EvaluationSummaries;
  /** The evaluators whose placement is written. */
  readonly #placed: WeakMap<Evaluator, Placement> = new WeakMap();
  /** The evaluator of the last checkpoint. It is replaced if the next checkpoint has another network or other images. */
  #evaluator: { readonly network: string; readonly evaluator: Evaluator } | undefined;
  #examples: ReadExamples | undefined;
  #images = 0;
  /** Resolves when the last call of `score` has ended. The caller may have stopped waiting for that call. */
  #scoring: Promise<unknown> = Promise.resolve();

  constructor(settings: EvaluationSettings, { signal, report, job }: ScoringControl) {
    this.#settings = settings;
    this.#signal = signal;
    this.#job = job;
    this.#report = report;
    this.#summaries = new EvaluationSummaries(settings, (message) => report({ kind: 'warning', message }));
  }

  /** The total number of images scored, over all checkpoints. */
  get images(): number {
    return this.#images;
  }

  /** Scores a checkpoint, records its summary and writes its report. Returns undefined if scoring was stopped.
   * @param isRecorded whether the event files already contain the points of this checkpoint */
  score(path: string, checkpoint: Checkpoint, isRecorded: boolean): Promise<EvaluationResult | undefined> {
    const scoring = this.#score(path, checkpoint, isRecorded);
    this.#scoring = scoring.catch(() => undefined);
    return scoring;
  }

  /** Releases the evaluator and closes the event files, once a score that is still being computed has ended. */
  async release(): Promise<void> {
    await this.#scoring;
    await Promise.all([this.#evaluator?.evaluator.release(), this.#summaries.close()]);
  }

  async #score(
    path: string,
    checkpoint: Checkpoint,
    isRecorded: boolean,
  ): Promise<EvaluationResult | undefined> {
    const { tensors, metadata } = checkpoint;
    const { numExamples, evalData, tta } = this.#settings;
    await requireAlike(this.#job, () => factsOfScoring(this.#settings));
    requireFlips(tta, storedImages(metadata).augmentation);
    const weights = scoredWeights(metadata.hyperparameters, this.#settings.weights);
    // An engine or a device that does not work is reported before a missing data set is downloaded.
    const evaluator = await this.#evaluatorFor(metadata);
    const { examples, dataFolder, checksum } = await this.#examplesFor(metadata);
    const { dataset } = examples;
    const recording = leads(this.#job) ? new ScoreRecording(examples, this.#settings) : undefined;
    await together(this.#job, async () => recording && this.#summaries.makeFolder());
    const all = Math.min(numExamples, examples.count);
    const { engine } = evaluator;
    this.#report({ kind: 'evaluating', dataset, images: all, weights, engine, ranks: this.#job?.size ?? 1 });
    const placed = await this.#placementOf(evaluator);
    const score = await evaluator.score(tensors, weights, examples, {
      ...{ numExamples, signal: this.#signal, ranks: this.#job, tta },
      onProgress: (done) => this.#report({ kind: 'scored', done, all }),
      ...(recording && { onScored: recording.onScored }),
      ...(recording && !isRecorded && { onFirstBatch: recording.onFirstBatch }),
    });
    if (score === undefined) return undefined;
    this.#images += score.total;
    const result = { globalStep: metadata.globalStep, ...score };
    this.#report({ kind: 'evaluation', checkpoint: path, dataset, evalData, weights, tta, result });
    if (!isRecorded && recording) await this.#summaries.record(metadata, recording.values(score), placed);
    const about = { checkpoint: path, dataset: dataset.name, evalData, weights };
    const onWarning = (message: string) => this.#report({ kind: 'warning', message });
    const run = { checkpoint: path, metadata, weights, engine, examples, dataFolder, onWarning };
    const files = await recording?.writeReport(result, about, run);
    const page = join(this.#settings.evalDir, lastReport);
    if (recording && files) this.#report({ kind: 'report', confusion: recording.confusion, files, page });
    const { name, labels, origin } = dataset;
    return { dataset: name, labels, source: origin?.source ?? null, checksum, ...result };
  }

  /** Writes where the network is computed, once for each evaluator, if the request asks for it. */
  async #placementOf(evaluator: Evaluator): Promise<Placement | undefined> {
    if (!this.#settings.logDevicePlacement || !leads(this.#job)) return undefined;
    const known = this.#placed.get(evaluator);
    if (known !== undefined) return known;
    const placement = await evaluator.placement();
    this.#placed.set(evaluator, placement);
    this.#report(await writePlacement(this.#settings.evalDir, placement));
    return placement;
  }

  async #evaluatorFor(metadata: CheckpointMetadata): Promise<Evaluator> {
    const images = storedImages(metadata);
    const network = JSON.stringify([metadata.network, images]);
    if (this.#evaluator?.network === network) return this.#evaluator.evaluator;
    const previous = this.#evaluator?.evaluator;
    this.#evaluator = undefined;
    await previous?.release();
    const trained = await together(this.#job, async () => networkOf(metadata));
    const { engine } = await inferenceEngine(this.#settings, trained, {
      ...{ job: this.#job, signal: this.#signal, report: this.#report },
    });
    const { batchSize } = this.#settings;
    const evaluator = await together(this.#job, () => Evaluator.create(engine, trained, batchSize, images));
    this.#evaluator = { network, evaluator };
    await requireAlike(this.#job, () => factsOfEngine(evaluator.engine));
    return evaluator;
  }

  async #examplesFor(metadata: CheckpointMetadata): Promise<ReadExamples> {
    const trained = datasetOf(metadata);
    const { name, labels, origin } = trained;
    const key = JSON.stringify([name, labels, origin, trained.statistics, metadata.holdout, metadata.seed]);
    if (this.#examples?.key === key) return this.#examples;
    const data = await together(this.#job, () => this.#findData(metadata, trained));
    const onEvent = (event: DataEvent) => this.#report({ kind: 'data', event });
    const provided = await firstThenOthers(this.#job, () => data.provide({ signal: this.#signal, onEvent }));
    this.#report({ kind: 'reading', dataset: provided.dataset });
    const warning = changeWarning(provided.dataset, metadata);
    if (warning !== undefined) this.#report({ kind: 'warning', message: warning });
    // The images are normalized as in training, even if they are from other data.
    const dataset = { ...provided.dataset, statistics: trained.statistics };
    const examples = await together(this.#job, () => this.#read(provided.dataDir, dataset, metadata));
    await requireAlike(this.#job, () => factsOfExamples(examples));
    const dataFolder = folderOf(provided.dataDir, dataset);
    this.#examples = { key, examples, dataFolder, checksum: checksumOf(examples) };
    return this.#examples;
  }

  /** @throws RunError when the data has other classes than the run */
  async #findData(metadata: CheckpointMetadata, trained: DatasetDescription): Promise<RunData> {
    const data = await findData(this.#settings, trained, this.#settings, trainingDefaults.dataset);
    const { origin } = data.dataset;
    const advice =
      origin !== undefined && origin.source === trained.origin?.source
        ? '. The pictures have changed since then; restore the classes, or train on the pictures as they are now'
        : '; leave out `dataset`, `labels` and `data` to evaluate on the data that the run was trained on';
    requireSameClasses(metadata.dataset.classes, data.dataset, advice);
    return data;
  }

  /** @throws RunError when there are no images to score */
  async #read(dataDir: string, dataset: DatasetDescription, metadata: CheckpointMetadata): Promise<Examples> {
    const { evalData } = this.#settings;
    const hasValidation = examplesIn(dataset, 'validation') > 0;
    const split = splitFor(evalData, hasValidation);
    const whole = await loadExamples(dataDir, dataset, split, this.#signal);
    if (whole.count === 0)
      throw new RunError(`${dataset.title} include no ${split} pictures; use another \`evalData\``);
    return evalData === 'test' || hasValidation ? whole : partOf(whole, evalData, metadata);
  }
}

/** Returns a warning if the pictures of a run have changed since it was trained: a picture that it was trained on may now be a test
 * image. */
function changeWarning(
  { origin, files }: DatasetDescription,
  { dataset }: CheckpointMetadata,
): string | undefined {
  const training = files.find(({ split }) => split === 'train');
  if (origin === undefined || origin.source !== dataset.origin?.source) return undefined;
  if (training?.sha256 === dataset.checksum) return undefined;
  return (
    `${oneLine(origin.source)}: the pictures have changed since the run was trained, so it may have been trained on some of the ` +
    'images that it is now evaluated on'
  );
}

/** Returns the split that contains the images to score. */
function splitFor(evalData: EvalData, hasValidation: boolean): Split {
  if (evalData === 'test') return 'test';
  return evalData === 'validation' && hasValidation ? 'validation' : 'train';
}

/** Selects the training images on which the run was trained, or those that it held out.
 * @throws RunError when the run held out none */
function partOf(
  all: Examples,
  part: Exclude<EvalData, 'test'>,
  { holdout, seed }: CheckpointMetadata,
): Examples {
  if (holdout > 0) return holdOut(all, holdout, seed)[part === 'validation' ? 'validation' : 'training'];
  if (part === 'train_eval') return all;
  throw new RunError(
    'this run was trained without `holdout`, so it has no validation images; use `evalData: test`',
  );
}
