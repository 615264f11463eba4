/** Collects what is written about a checkpoint while it is scored: the values of its summary, and its report. */
import type { Examples } from '../data/examples.ts';
import type { ConfusionMatrix } from '../evaluation/confusion.ts';
import type { Evaluation, Score, Scoring } from '../evaluation/evaluate.ts';
import { layerValues, ScoreCollector } from '../evaluation/evaluation-summary.ts';
import { ReportCollector } from '../report/collector.ts';
import { ContactSheet } from '../report/contact-sheet.ts';
import { PredictionRows, type ReportSubject, writeReport } from '../report/report-files.ts';
import type { RecordedValue } from '../summary/recorded-value.ts';
import { type EvaluatedRun, reportDataOf } from './evaluation-report.ts';
import type { EvaluationSettings } from './evaluation-request.ts';

/** Collects the parts of a report. */
interface ReportParts {
  readonly predictions: PredictionRows;
  readonly pictures: ContactSheet;
  readonly page: ReportCollector;
}

export class ScoreRecording {
  readonly #settings: EvaluationSettings;
  readonly #collector: ScoreCollector;
  readonly #report: ReportParts | undefined;
  #layers: readonly RecordedValue[] = [];

  constructor(examples: Examples, settings: EvaluationSettings) {
    this.#settings = settings;
    this.#collector = new ScoreCollector(examples);
    this.#report = settings.report
      ? {
          predictions: new PredictionRows(examples),
          pictures: new ContactSheet(examples),
          page: new ReportCollector(examples),
        }
      : undefined;
  }

  readonly onScored: Required<Scoring>['onScored'] = (scored) => {
    this.#collector.add(scored);
    this.#report?.predictions.add(scored);
    this.#report?.pictures.add(scored);
    this.#report?.page.add(scored);
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
   * @param run what was evaluated
   * @throws RunError when the files cannot be written */
  async writeReport(
    evaluation: Evaluation,
    about: ReportSubject,
    run: EvaluatedRun,
  ): Promise<readonly string[] | undefined> {
    if (this.#report === undefined) return undefined;
    const { predictions, pictures, page } = this.#report;
    const { confusion } = this;
    const data = await reportDataOf(evaluation, {
      confusion,
      collected: page,
      run,
      settings: this.#settings,
    });
    return writeReport(this.#settings.evalDir, {
      ...{ evaluation, about, confusion, predictions, pictures, page: data },
    });
  }
}
