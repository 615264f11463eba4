/** The summary of an evaluation: the overall precision, precision and recall per class, the confusion matrix, mistakes and
 * activations. */

import { ExampleReader, type Examples } from '../data/examples.ts';
import { drawConfusion } from '../summary/draw-confusion.ts';
import { drawFilters, drawGrid } from '../summary/draw-grid.ts';
import { pictureOfPlanes } from '../summary/picture.ts';
import { encodeImage } from '../summary/png.ts';
import { imageOf, type RecordedValue, scalarOf } from '../summary/recorded-value.ts';
import { sizeOf } from '../tensor/tensor.ts';
import { activationValues, imageValues } from '../training/shown-values.ts';
import { ConfusionMatrix } from './confusion.ts';
import type { Score, Scored, ScoredBatch } from './evaluate.ts';
import { WorstMistakes } from './worst-mistakes.ts';

/** The number of images in the grid of mistakes. */
const shownMistakes = 36;

/** Collects the data of a summary while a checkpoint is scored. */
export class ScoreCollector {
  readonly #examples: Examples;
  readonly confusion: ConfusionMatrix;
  readonly #mistakes = new WorstMistakes(shownMistakes);

  constructor(examples: Examples) {
    this.#examples = examples;
    this.confusion = new ConfusionMatrix(examples.dataset.classes);
  }

  add(scored: Scored): void {
    this.confusion.add(scored);
    this.#mistakes.add(scored);
  }

  /** Returns the scalars and images of the summary, under the tag of the tutorial and our own tags. */
  values({ precision, ttaPrecision = Number.NaN }: Score): readonly RecordedValue[] {
    const classes = this.#examples.dataset.classes.join(', ');
    // Mistakes are shown as the original images in the data set.
    const reader = new ExampleReader(this.#examples);
    const { image } = this.#examples.dataset.record;
    const mistakes = this.#mistakes.mistakes.map(({ example }) =>
      pictureOfPlanes(reader.pixelsOf(example), image),
    );
    return [
      ...ifFinite(precision, scalarOf('precision', precision)),
      ...ifFinite(ttaPrecision, scalarOf('ttaPrecision', ttaPrecision)),
      ...this.confusion.byClass.flatMap((one) => [
        ...ifFinite(one.precision, scalarOf('classPrecision', one.precision, { class: one.name })),
        ...ifFinite(one.recall, scalarOf('classRecall', one.recall, { class: one.name })),
      ]),
      imageOf('confusion', encodeImage(drawConfusion(this.confusion.counts)), { classes }),
      ...(mistakes.length > 0
        ? [imageOf('mistakes', encodeImage(drawGrid(mistakes, { scale: 2, gap: 2 })))]
        : []),
    ];
  }
}

/** Returns a list with the recorded value, or an empty list if the value is NaN, as a fraction of zero examples is. */
function ifFinite(value: number, shown: RecordedValue): readonly RecordedValue[] {
  return Number.isFinite(value) ? [shown] : [];
}

/** Returns the activations and images of the first batch that was scored, and the filters of the network. */
export function layerValues({
  network: { imageShape },
  images,
  count,
  activations,
  activationNames,
  weights,
}: ScoredBatch): readonly RecordedValue[] {
  const filters = weights.get('conv1/weights');
  const image = filters && encodeImage(drawFilters(filters));
  return [
    ...activationValues(activationNames, activations, count),
    ...imageValues(images.subarray(0, count * sizeOf(imageShape)), imageShape),
    ...(image === undefined ? [] : [imageOf('filters', image)]),
  ];
}
