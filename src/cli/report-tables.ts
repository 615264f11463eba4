/** Results of an evaluation as tables for people. */
import type { ClassResult } from '../evaluation/confusion.ts';

const percent = (share: number) => (Number.isNaN(share) ? '-' : `${(share * 100).toFixed(1)}%`);

/** One line a class: examples, precision, recall. */
export function classTable(results: readonly ClassResult[]): string {
  const rows = results.map(({ name, examples, precision, recall }) => [
    name,
    String(examples),
    percent(precision),
    percent(recall),
  ]);
  return aligned([['class', 'images', 'precision', 'recall'], ...rows]);
}

/** Rows are true classes, columns predicted ones, by the first letters of their names; zeros are dots. */
export function confusionTable(classes: readonly string[], counts: readonly (readonly number[])[]): string {
  const head = ['is \\ named', ...classes.map((name) => name.slice(0, 5))];
  const rows = counts.map((row, label) => [
    classes[label] ?? '',
    ...row.map((count) => (count === 0 ? '·' : String(count))),
  ]);
  return aligned([head, ...rows]);
}

/** Columns as wide as their widest cell; the first to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const cell = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}
