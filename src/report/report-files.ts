/** The files of `eval --report`: predictions as CSV, totals as JSON, and pages for people. Each is written atomically. */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Examples } from '../data/examples.ts';
import { writeAside } from '../disk/write-aside.ts';
import { messageOf, RunError } from '../errors.ts';
import { expectedCalibrationError } from '../evaluation/calibration.ts';
import { type ConfusionMatrix, predictedClass } from '../evaluation/confusion.ts';
import type { Evaluation, Scored } from '../evaluation/evaluate.ts';
import { standardError, wilsonInterval } from '../evaluation/interval.ts';
import { encodeImage } from '../summary/png.ts';
import { softmax } from '../tensor/softmax.ts';
import { csvField } from '../wording.ts';
import type { ContactSheet } from './contact-sheet.ts';
import { reportPage } from './page.ts';
import type { ReportData } from './report-data.ts';

/** Collects the rows of `predictions-….csv`: the example's index and source, its class, the predicted class (empty if a
 * score is not finite), whether the prediction is correct, the probabilities of the predicted and of the true
 * class, and those of all classes. */
export class PredictionRows {
  readonly #examples: Examples;
  readonly #rows: string[];

  constructor(examples: Examples) {
    this.#examples = examples;
    const perClass = examples.dataset.classes.map((name) => csvField(`probability_of_${name}`));
    this.#rows = [
      [
        'example',
        'key',
        'label',
        'predicted',
        'correct',
        'probability',
        'probability_of_label',
        ...perClass,
      ].join(),
    ];
  }

  add({ example, label, logits, correct }: Scored): void {
    const { classes } = this.#examples.dataset;
    const shares = softmax(logits);
    const predicted = correct ? label : predictedClass(logits);
    const share = (index: number | undefined) => (shares[index ?? -1] ?? Number.NaN).toFixed(6);
    const all = classes.map((_, index) => share(index));
    const name = predicted === undefined ? '' : (classes[predicted] ?? '');
    const cells = [
      example,
      csvField(this.#examples.keyOf(example)),
      csvField(classes[label] ?? ''),
      csvField(name),
      correct,
      share(predicted),
      share(label),
      ...all,
    ];
    this.#rows.push(cells.join());
  }

  get text(): string {
    return `${this.#rows.join('\n')}\n`;
  }
}

/** Returns the confusion matrix as CSV, with one row per true class and one column per predicted class. */
function confusionCsv({ byClass, counts }: ConfusionMatrix): string {
  const names = byClass.map(({ name }) => csvField(name));
  const rows = counts.map((row, label) => [names[label], ...row].join());
  return `${[['class', ...names].join(), ...rows].join('\n')}\n`;
}

/** The evaluation that a report describes. The data and the weights are part of the file names. */
export interface ReportSubject extends Readonly<Record<string, unknown>> {
  readonly evalData: string;
  readonly weights: string;
}

/** The contents of the files of a report. */
export interface Report {
  readonly evaluation: Evaluation;
  readonly about: ReportSubject;
  readonly confusion: ConfusionMatrix;
  readonly predictions: PredictionRows;
  readonly pictures: ContactSheet;
  readonly page: ReportData;
}

/** The name of the page of the last evaluation in a folder. */
export const lastReport = 'report.html';

/** Writes `predictions-<step>-<data>-<weights>.csv`, `confusion-….csv`, `report-….json`, `pictures-….html`, `report-….html`, and
 * a copy of the last one as `report.html`. Returns their paths, with that of `report.html` last.
 * @throws RunError when the files cannot be written */
export async function writeReport(evalDir: string, report: Report): Promise<readonly string[]> {
  const { evaluation, about, confusion, predictions, pictures } = report;
  const name = `${evaluation.globalStep}-${about.evalData}-${about.weights}`;
  const page = reportPage(report.page);
  const files = [
    [`predictions-${name}.csv`, predictions.text],
    [`confusion-${name}.csv`, confusionCsv(confusion)],
    [`report-${name}.json`, `${JSON.stringify(numbersOf(report), null, 2)}\n`],
    [`pictures-${name}.html`, pictures.html(evaluation)],
    [`report-${name}.html`, page],
    [lastReport, page],
  ].map(([file = '', text = '']) => [join(evalDir, file), text] as const);
  try {
    await mkdir(evalDir, { recursive: true });
    for (const [path, text] of files) await writeAside(path, new TextEncoder().encode(text));
  } catch (error) {
    throw new RunError(
      `${evalDir}: the report cannot be written (${messageOf(error)}). Use another \`evalDir\`.`,
      { cause: error },
    );
  }
  return files.map(([path]) => path);
}

/** Returns the contents of `report-….json`. */
function numbersOf({ evaluation, about, confusion, page }: Report): object {
  const { top, calibration, mistakes } = page;
  const { correct, total } = evaluation;
  return {
    ...{ ...about, ...evaluation },
    standardError: standardError(correct, total),
    interval95: wilsonInterval(correct, total),
    top: top === undefined ? null : { k: top.k, correct: top.correct, precision: top.correct / total },
    calibration: { expectedCalibrationError: expectedCalibrationError(calibration), bins: calibration },
    ...{ classes: confusion.byClass, confusion: confusion.counts },
    mistakes: mistakes.map(({ label, predicted, probability, source, picture }) => ({
      label: confusion.byClass[label]?.name ?? '',
      predicted: confusion.byClass[predicted ?? -1]?.name ?? '',
      ...{ probability, source },
      picture: Buffer.from(encodeImage(picture).png).toString('base64'),
    })),
  };
}
