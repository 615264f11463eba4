/** Formats the results of an evaluation as tables. */
import type { ClassResult } from '../evaluation/confusion.ts';
import { table } from './table.ts';
import { beginning } from './width.ts';

const percent = (share: number) => (Number.isNaN(share) ? '-' : `${(share * 100).toFixed(1)}%`);

/** One line per class, with examples, precision and recall. */
export function classTable(results: readonly ClassResult[]): string {
  const rows = results.map(({ name, examples, precision, recall }) => [
    name,
    String(examples),
    percent(precision),
    percent(recall),
  ]);
  return table([['class', 'images', 'precision', 'recall'], ...rows]);
}

/** The confusion matrix. Rows are true classes and columns predicted classes, labelled with the first letters of
 * their names. Zeros are dots. */
export function confusionTable(classes: readonly string[], counts: readonly (readonly number[])[]): string {
  const head = ['true class', ...classes.map((name) => beginning(name, 5))];
  const rows = counts.map((row, label) => [
    classes[label] ?? '',
    ...row.map((count) => (count === 0 ? '·' : String(count))),
  ]);
  return `Rows are true classes, columns predicted ones:\n${table([head, ...rows])}`;
}
