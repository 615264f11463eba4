/** Formats the results of an evaluation as tables with at most 80 columns. If there are many classes, only the most
 * important results are shown. */
import { type ClassResult, type Confusion, mostFrequent } from '../evaluation/confusion.ts';
import { counted, oneLine, percentage } from '../wording.ts';
import { table, usualColumns } from './table.ts';
import { beginning, shortened, widthOf } from './width.ts';

const percent = (share: number) => (Number.isNaN(share) ? '-' : percentage(share));

/** Up to this number of classes, all are shown. */
const mostClasses = 40;
/** The maximum width of a name that is not in the first column, which `table` shortens itself. */
const longestName = 28;
/** The number of rows that are shown if there are more classes. */
const shownRows = 20;

/** Returns a table with one line per class: the number of images, precision and recall. If there are many classes, only those
 * with the lowest recall are shown. */
export function classTable(results: readonly ClassResult[]): string {
  const head = ['class', 'images', 'precision', 'recall'];
  if (results.length <= mostClasses) return table([head, ...results.map(rowOf)]);
  const seen = results.filter(({ recall }) => !Number.isNaN(recall));
  const byRecall = seen.toSorted((a, b) => a.recall - b.recall);
  const shown = byRecall.slice(0, shownRows);
  const [lowest, median, highest] = [0, 0.5, 1].map((part) =>
    percent(byRecall[Math.round(part * (byRecall.length - 1))]?.recall ?? Number.NaN),
  );
  const unseen = results.length - seen.length;
  return [
    `Recall of ${counted(seen.length, 'class', 'classes')}: lowest ${lowest}, median ${median}, highest ${highest}.`,
    ...(unseen === 0 ? [] : [`${counted(unseen, 'class has', 'classes have')} no images.`]),
    `The ${counted(shown.length, 'class', 'classes')} with the lowest recall:`,
    table([head, ...shown.map(rowOf)]),
  ].join('\n');
}

function rowOf({ name, examples, precision, recall }: ClassResult): readonly string[] {
  return [name, String(examples), percent(precision), percent(recall)];
}

/** Formats the confusion matrix, or only the most frequent confusions if there are many classes or the matrix would be wider
 * than 80 columns. Rows are true classes and columns are predicted classes, labeled with the first letters of their names.
 * Zeros are shown as dots. */
export function confusionTable(classes: readonly string[], counts: readonly (readonly number[])[]): string {
  if (classes.length > mostClasses) return frequentTable(classes, mostFrequent(counts, shownRows));
  const head = ['true class', ...classes.map((name) => beginning(name, 5))];
  const rows = counts.map((row, label) => [
    classes[label] ?? '',
    ...row.map((count) => (count === 0 ? '·' : String(count))),
  ]);
  const matrix = table([head, ...rows]);
  if (matrix.split('\n').some((line) => widthOf(line) > usualColumns))
    return frequentTable(classes, mostFrequent(counts, shownRows));
  return `Rows are true classes, columns predicted ones:\n${matrix}`;
}

function frequentTable(classes: readonly string[], confusions: readonly Confusion[]): string {
  if (confusions.length === 0) return 'No image was predicted as another class.';
  const rows = confusions.map(({ label, predicted, count, share }) => [
    classes[label] ?? '',
    shortened(oneLine(classes[predicted] ?? ''), longestName),
    String(count),
    percent(share),
  ]);
  return `The most frequent confusions:\n${table([['true class', 'predicted', 'images', 'of the class'], ...rows])}`;
}
