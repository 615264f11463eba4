/** Scores one checkpoint after the other on the images that the flags ask for, and tells of each. */
import type { Checkpoint } from '../../checkpoint/checkpoint.ts';
import type { CheckpointMetadata } from '../../checkpoint/metadata.ts';
import { datasets } from '../../data/dataset.ts';
import { type Examples, loadExamples } from '../../data/files.ts';
import { holdOut } from '../../data/holdout.ts';
import { chooseEngine } from '../../engine/engines.ts';
import { RunError } from '../../errors.ts';
import { ConfusionMatrix } from '../../evaluation/confusion.ts';
import { Evaluator, requireSameClasses, type Score } from '../../evaluation/evaluate.ts';
import { PredictionRows, writeReport } from '../../evaluation/report-files.ts';
import { datasetOf, networkOf } from '../../training/run.ts';
import { type Console, timestamp } from '../console.ts';
import type { EvalFlags } from '../flag-table.ts';
import { classTable, confusionTable } from '../report-tables.ts';
import type { CommandContext } from './context.ts';
import { ensureDataset } from './data.ts';

const kinds = { test: 'test', train_eval: 'training', validation: 'validation' } as const;

export class CheckpointScorer {
  readonly #flags: EvalFlags;
  readonly #console: Console;
  readonly #signal: AbortSignal;
  /** Made for the first checkpoint, and again where one of another network follows. */
  #evaluator: { readonly network: string; readonly evaluator: Evaluator } | undefined;
  #examples: { readonly key: string; readonly examples: Examples } | undefined;

  constructor({ flags, console, signal }: CommandContext<EvalFlags>) {
    this.#flags = flags;
    this.#console = console;
    this.#signal = signal;
  }

  /** What is to be kept of the result, or undefined when it was stopped meanwhile. */
  async score(
    path: string,
    { tensors, metadata }: Checkpoint,
  ): Promise<Readonly<Record<string, unknown>> | undefined> {
    const { weights, numExamples, evalData, report } = this.#flags;
    const examples = await this.#examplesFor(metadata);
    const evaluator = await this.#evaluatorFor(metadata);
    const confusion = new ConfusionMatrix(examples.dataset.classes);
    const predictions = new PredictionRows(examples);
    const score = await evaluator.score(tensors, weights, examples, {
      numExamples,
      signal: this.#signal,
      onScored: (scored) => {
        if (!report) return;
        confusion.add(scored);
        predictions.add(scored);
      },
    });
    if (score === undefined) return undefined;
    const result = { globalStep: metadata.globalStep, ...score };
    const about = { checkpoint: path, dataset: examples.dataset.name, evalData, weights };
    this.#tell(examples, result, about);
    if (report) {
      const { classes } = examples.dataset;
      this.#console.result(
        `\n${classTable(confusion.byClass)}\n\n${confusionTable(classes, confusion.counts)}\n`,
      );
      const files = await writeReport(this.#flags.evalDir, result, about, confusion, predictions);
      this.#console.line(`Written: ${files.join(', ')}`, { kind: 'report', files });
    }
    return { ...about, ...result };
  }

  async release(): Promise<void> {
    await this.#evaluator?.evaluator.release();
  }

  #tell(
    { dataset }: Examples,
    result: Score & { readonly globalStep: number },
    about: Readonly<Record<string, unknown>>,
  ): void {
    const { evalData, weights } = this.#flags;
    const { globalStep, correct, total, precision } = result;
    this.#console.line(
      `${total.toLocaleString('en-US')} ${kinds[evalData]} images of ${dataset.title}, step ${globalStep}, ` +
        `${weights === 'ema' ? 'moving averages' : 'raw weights'}: ${correct.toLocaleString('en-US')} right`,
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
    await this.release();
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
    const whole = await loadExamples(dataDir, dataset, evalData === 'test' ? 'test' : 'train');
    requireSameClasses(metadata.dataset.classes, whole);
    const examples = evalData === 'test' ? whole : partOf(whole, evalData, metadata);
    this.#examples = { key, examples };
    return examples;
  }
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
