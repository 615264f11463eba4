/** The formats in which predictions are printed. */
import type { Prediction } from '../predict/prediction.ts';
import { csvField, oneLine, percentage } from '../wording.ts';
import { padEnd, padStart, shortened, widthOf } from './width.ts';

interface Predicted {
  readonly path: string;
  readonly predictions: readonly Prediction[];
}

export interface PredictionFormat {
  /** The line before the first picture, if there is one. */
  readonly head?: string;
  readonly row: (picture: Predicted) => string;
}

/** What is printed: the classes of the model, the names of all pictures, and the number of classes for each picture. */
export interface Shown {
  readonly classes: readonly string[];
  readonly names: readonly string[];
  readonly topK: number;
  /** The width of the terminal. */
  readonly columns: number;
}

/** `cat.jpg: cat 91.2%, dog 5.1%` */
export const lineFormat: PredictionFormat = {
  row: ({ path, predictions }) => {
    const classes = predictions.map(
      ({ label, probability }) => `${oneLine(label)} ${percentage(probability)}`,
    );
    return `${oneLine(path)}: ${classes.join(', ')}`;
  },
};

/** The widest name of a class, in columns. Longer names are shortened in the middle. */
const widestClass = 40;
/** The columns of a percentage, up to `100.0%`, and of the space before each column. */
const [shareWidth, gap] = [6, 2];
/** The minimum columns for the name of a picture. If there are fewer, each picture is printed as several lines. */
const leastName = 16;

/** Aligned columns: one line for each picture, if the terminal is wide enough.
 *
 *     photos/cat.jpg  cat   91.2%  dog    5.1%        photos/cat.jpg
 *     photos/dog.jpg  dog   88.0%  horse  3.2%          cat  91.2%
 *                                                       dog   5.1%
 */
export function tableFormat({ classes, names, topK, columns }: Shown): PredictionFormat {
  const widest = (texts: readonly string[]) =>
    texts.reduce((most, text) => Math.max(most, widthOf(oneLine(text))), 0);
  const classWidth = Math.min(widest(classes), widestClass);
  const cell = ({ label, probability }: Prediction) =>
    padEnd(shortened(oneLine(label), classWidth), classWidth) +
    padStart(percentage(probability), shareWidth + gap - 1);
  const room = columns - topK * (gap + classWidth + gap - 1 + shareWidth);
  const nameWidth = Math.min(widest(names), room);
  if (room >= leastName)
    return {
      row: ({ path, predictions }) =>
        [padEnd(shortened(oneLine(path), nameWidth), nameWidth), ...predictions.map(cell)].join(
          ' '.repeat(gap),
        ),
    };
  return {
    row: ({ path, predictions }) =>
      [oneLine(path), ...predictions.map((one) => `${' '.repeat(gap)}${cell(one)}`)].join('\n'),
  };
}

/** `path,label,probability,label_2,probability_2`, with six digits after the point. */
export function csvFormat({ topK }: Shown): PredictionFormat {
  const heads = Array.from({ length: topK }, (_, rank) => (rank === 0 ? '' : `_${rank + 1}`));
  return {
    head: ['path', ...heads.flatMap((rank) => [`label${rank}`, `probability${rank}`])].join(),
    row: ({ path, predictions }) =>
      [
        csvField(path),
        ...predictions.flatMap(({ label, probability }) => [csvField(label), probability.toFixed(6)]),
      ].join(),
  };
}
