/** Collects what is written about a checkpoint while it is scored: the values of its summary, and its report. */
import type { Examples } from '../data/examples.ts';
import type { ConfusionMatrix } from '../evaluation/confusion.ts';
import { ContactSheet } from '../evaluation/contact-sheet.ts';
import type { Evaluation, Score, Scoring } from '../evaluation/evaluate.ts';
import { layerValues, ScoreCollector } from '../evaluation/evaluation-summary.ts';
import { PredictionRows, type ReportSubject, writeReport } from '../evaluation/report-files.ts';
import type { RecordedValue } from '../summary/recorded-value.ts';
import type { EvaluationSettings } from './evaluation-request.ts';

export class ScoreRecording {
  readonly #evalDir: string;
  readonly #collector: ScoreCollector;
  readonly #report: { readonly predictions: PredictionRows; readonly pictures: ContactSheet } | undefined;
  #layers: readonly RecordedValue[] = [];

  constructor(examples: Examples, { evalDir, report }: EvaluationSettings) {
    this.#evalDir = evalDir;
    this.#collector = new ScoreCollector(examples);
    this.#report = report
      ? { predictions: new PredictionRows(examples), pictures: new ContactSheet(examples) }
      : undefined;
  }

  readonly onScored: Required<Scoring>['onScored'] = (scored) => {
    this.#collector.add(scored);
    this.#report?.predictions.add(scored);
    this.#report?.pictures.add(scored);
  };

  readonly onFirstBatch: Required<Scoring>['onFirstBatch'] = (batch) => {
    this.#layers = layerValues(batch);
  };

  get confusion(): ConfusionMatrix {
    return this.#collector.confusion;
  }

  /** Returns the values of the summary. */
  values(score: Score): readonly RecordedValue[] {
    return [...this.#collector.values(score), ...this.#layers];
  }

  /** Writes the files of the report, if it was requested, and returns their paths.
   * @throws RunError when the files cannot be written */
  async writeReport(evaluation: Evaluation, about: ReportSubject): Promise<readonly string[] | undefined> {
    if (this.#report === undefined) return undefined;
    const { predictions, pictures } = this.#report;
    return writeReport(this.#evalDir, evaluation, about, this.confusion, predictions, pictures);
  }
}
