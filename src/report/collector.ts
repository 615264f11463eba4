/** Collects what the page of an evaluation shows while the examples are scored. */
import type { DatasetDescription } from '../data/dataset.ts';
import { ExampleReader, type Examples } from '../data/examples.ts';
import { Calibration, type CalibrationBin } from '../evaluation/calibration.ts';
import type { Scored } from '../evaluation/evaluate.ts';
import { inTopK } from '../evaluation/in-top-k.ts';
import { type Predicted, predictionFor, WorstMistakes } from '../evaluation/worst-mistakes.ts';
import { type Picture, pictureOfPlanes } from '../summary/picture.ts';
import { shrunkTo } from '../summary/shrink.ts';
import type { ReportData, ShownMistake } from './report-data.ts';

const shownMistakes = 36;
/** The k of precision @ k, and the smallest number of classes for which it is shown. */
const [topK, leastClassesForTopK] = [5, 8];

export class ReportCollector {
  readonly #examples: Examples;
  readonly #calibration = new Calibration();
  readonly #worst = new WorstMistakes(shownMistakes);
  #inTop = 0;

  constructor(examples: Examples) {
    this.#examples = examples;
  }

  add(scored: Scored): void {
    const { predicted, probability } = predictionFor(scored);
    if (predicted !== undefined) this.#calibration.add(probability, scored.correct);
    if (this.#hasTop && inTopK(scored.logits, scored.label, topK)) this.#inTop++;
    this.#worst.add(scored);
  }

  get calibration(): readonly CalibrationBin[] {
    return this.#calibration.bins;
  }

  get top(): ReportData['top'] {
    return this.#hasTop ? { k: topK, correct: this.#inTop } : undefined;
  }

  /** Returns the most confident mistakes.
   * @param sourceOf returns where an example comes from, such as `cat/1.jpg` */
  mistakes(sourceOf: (example: number) => string): readonly ShownMistake[] {
    const reader = new ExampleReader(this.#examples);
    return this.#worst.mistakes.map((mistake: Predicted) => ({
      ...mistake,
      picture: shownPicture(reader.pixelsOf(mistake.example), this.#examples.dataset),
      source: sourceOf(mistake.example),
    }));
  }

  get #hasTop(): boolean {
    return this.#examples.dataset.classes.length >= leastClassesForTopK;
  }
}

/** The largest width and height of the pictures on a page. Larger ones are reduced, so that the size of the page is limited. */
const mostPixels = 128;

/** Returns the picture with these pixels [C, H, W], in the size in which pages contain it. */
export function shownPicture(pixels: Uint8Array, { record }: Pick<DatasetDescription, 'record'>): Picture {
  return shrunkTo(pictureOfPlanes(pixels, record.image), mostPixels);
}
