/** Scores one checkpoint after the other on the images that the flags ask for, and tells of each. */

import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { CheckpointMetadata } from '../../checkpoint/metadata.ts';
import { datasets } from '../../data/dataset.ts';
import type { Examples } from '../../data/examples.ts';
import { loadExamples } from '../../data/files.ts';
import { holdOut } from '../../data/holdout.ts';
import { chooseEngine } from '../../engine/engines.ts';
import { RunError } from '../../errors.ts';
import { ContactSheet } from '../../evaluation/contact-sheet.ts';
import { type Evaluation, Evaluator, requireSameClasses } from '../../evaluation/evaluate.ts';
import { ScoreWitness } from '../../evaluation/evaluation-summary.ts';
import { PredictionRows, writeReport } from '../../evaluation/report-files.ts';
import { describeThreads } from '../../machine/cores.ts';
import { datasetOf, networkOf } from '../../training/run.ts';
import { type Console, timestamp } from '../console.ts';
import type { EvalFlags } from '../flag-table.ts';
import { scoringLine } from '../progress-line.ts';
import { classTable, confusionTable } from '../report-tables.ts';
import { watchLine } from '../watch-line.ts';
import type { CommandContext } from './context.ts';
import { ensureDataset } from './data.ts';
import { EvalSummaries } from './eval-summaries.ts';

const weightNames = { ema: 'moving averages', raw: 'raw weights' } as const;
const kinds = { test: 'test', train_eval: 'training', validation: 'validation' } as const;

/** What is kept of an evaluation. */
export interface EvaluationResult extends Evaluation {
  readonly dataset: string;
}

export class CheckpointScorer {
  readonly #flags: EvalFlags;
  readonly #console: Console;
  readonly #signal: AbortSignal;
  readonly #summaries: EvalSummaries;
  /** Made for the first checkpoint, and again where one of another network follows. */
  #evaluator: { readonly network: string; readonly evaluator: Evaluator } | undefined;
  #images = 0;
  #examples: { readonly key: string; readonly examples: Examples } | undefined;

  constructor({ flags, console, signal }: CommandContext<EvalFlags>) {
    this.#flags = flags;
    this.#console = console;
    this.#signal = signal;
    this.#summaries = new EvalSummaries(flags, console.warn);
  }

  /** Images scored so far, of all checkpoints. */
  get images(): number {
    return this.#images;
  }

  /** The result, or undefined when it was stopped meanwhile.
   * @param isRecorded whether the event files have the points of this checkpoint already */
  async score(
    path: string,
    checkpoint: Checkpoint,
    isRecorded: boolean,
  ): Promise<EvaluationResult | undefined> {
    const { tensors, metadata } = checkpoint;
    const { weights, numExamples, evalData, report } = this.#flags;
    const examples = await this.#examplesFor(metadata);
    const evaluator = await this.#evaluatorFor(metadata);
    await this.#summaries.makeFolder();
    const all = Math.min(numExamples, examples.count);
    if (this.#images === 0) this.#tellStart(evaluator, examples, all);
    const witness = new ScoreWitness(examples);
    const { confusion } = witness;
    const predictions = new PredictionRows(examples);
    const pictures = new ContactSheet(examples);
    const score = await evaluator.score(tensors, weights, examples, {
      numExamples,
      signal: this.#signal,
      onProgress: progressOf(this.#console, all),
      onScored: (scored) => {
        witness.add(scored);
        if (!report) return;
        predictions.add(scored);
        pictures.add(scored);
      },
    });
    this.#console.progress(undefined);
    if (score === undefined) return undefined;
    this.#images += score.total;
    const result = { globalStep: metadata.globalStep, ...score };
    const about = { checkpoint: path, dataset: examples.dataset.name, evalData, weights };
    this.#tell(examples, result, about);
    if (!isRecorded) await this.#summaries.record(evaluator.engine, checkpoint, examples, witness, score);
    if (report) {
      const { classes } = examples.dataset;
      this.#console.result(
        `\n${classTable(confusion.byClass)}\n\n${confusionTable(classes, confusion.counts)}\n`,
      );
      const files = await writeReport(this.#flags.evalDir, result, about, confusion, predictions, pictures);
      const list = files.map((file) => `  ${file}`).join('\n');
      this.#console.line(`Written:\n${list}`, { kind: 'report', files });
    }
    return { dataset: examples.dataset.name, ...result };
  }

  async release(): Promise<void> {
    await Promise.all([this.#evaluator?.evaluator.release(), this.#summaries.close()]);
  }

  #tellStart({ engine }: Evaluator, { dataset }: Examples, images: number): void {
    const { evalData, weights } = this.#flags;
    this.#console.line(
      `Evaluating ${weightNames[weights]} on ${images.toLocaleString('en-US')} ${kinds[evalData]} images of ` +
        `${dataset.title}, with ${engine.library} (${describeThreads(engine.threads)})`,
      {
        kind: 'evaluating',
        ...{ dataset: dataset.name, evalData, weights, images },
        ...{ engine: engine.library, threads: engine.threads },
      },
    );
    if (!this.#flags.runOnce) this.#console.line(watchLine(this.#flags.evalDir));
  }

  #tell({ dataset }: Examples, result: Evaluation, about: Readonly<Record<string, unknown>>): void {
    const { evalData, weights } = this.#flags;
    const { globalStep, correct, total, precision } = result;
    this.#console.line(
      `${total.toLocaleString('en-US')} ${kinds[evalData]} images of ${dataset.title}, step ${globalStep}, ` +
        `${weightNames[weights]}: ${correct.toLocaleString('en-US')} right`,
    );
    this.#console.result(`${timestamp()}: precision @ 1 = ${precision.toFixed(3)}`, {
      kind: 'evaluation',
      ...about,
      ...result,
    });
  }

  async #evaluatorFor(metadata: CheckpointMetadata): Promise<Evaluator> {
    const network = JSON.stringify(metadata.network);
    if (this.#evaluator?.network === network) return this.#evaluator.evaluator;
    await this.#evaluator?.evaluator.release();
    const { engine } = chooseEngine(this.#flags);
    const evaluator = await Evaluator.create(engine, networkOf(metadata), this.#flags.batchSize);
    this.#evaluator = { network, evaluator };
    return evaluator;
  }

  async #examplesFor(metadata: CheckpointMetadata): Promise<Examples> {
    const { dataDir, evalData } = this.#flags;
    const dataset = this.#flags.dataset === undefined ? datasetOf(metadata) : datasets[this.#flags.dataset];
    const key = JSON.stringify([dataset.name, metadata.holdout, metadata.seed]);
    if (this.#examples?.key === key) return this.#examples.examples;
    await ensureDataset(dataset, dataDir, this.#console, this.#signal);
    this.#console.progress(() => `reading ${dataset.title} …`);
    const split = evalData === 'test' ? 'test' : 'train';
    const whole = await loadExamples(dataDir, dataset, split, this.#signal);
    this.#console.progress(undefined);
    requireSameClasses(metadata.dataset.classes, whole);
    const examples = evalData === 'test' ? whole : partOf(whole, evalData, metadata);
    this.#examples = { key, examples };
    return examples;
  }
}

/** Draws the line at the bottom, not too often. */
function progressOf(console: Console, all: number): (done: number) => void {
  const started = performance.now();
  let drawnAt = 0;
  return (done) => {
    const now = performance.now();
    if (now - drawnAt < 100) return;
    drawnAt = now;
    console.progress((columns) => scoringLine({ done, all, millis: now - started }, columns));
  };
}

/** Of the training images those that were trained on, or those that were held out.
 * @throws RunError where the run kept nothing out. */
function partOf(
  all: Examples,
  part: 'train_eval' | 'validation',
  { holdout, seed }: CheckpointMetadata,
): Examples {
  if (holdout > 0) return holdOut(all, holdout, seed)[part === 'validation' ? 'validation' : 'training'];
  if (part === 'train_eval') return all;
  throw new RunError(
    'this run was trained without --holdout, so it has no validation images; use --eval-data test',
  );
}
