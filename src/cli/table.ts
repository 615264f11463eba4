import { oneLine } from '../wording.ts';
import { padEnd, padStart, shortened, widthOf } from './width.ts';

/** The width of the narrowest common terminal. */
export const usualColumns = 80;
const gap = '  ';
/** The minimum length of shortened names in the first column. */
const leastFirst = 12;
/** The maximum length of other cells, and of the names of settings. */
const longestCell = 120;
const longestValue = 4000;

/** Formats a name or value, possibly from an untrusted file, as a short line. */
function cellOf(text: string): string {
  return shortened(oneLine(text.slice(0, 4 * longestCell)), longestCell);
}

/** Formats a plain table. Columns are as wide as their widest cell; the first is left-aligned, the others are right-aligned.
 * If the table is wider than 80 columns, long names in the first column are shortened in the middle. */
export function table(rows: readonly (readonly string[])[], columns: number = usualColumns): string {
  const cells = rows.map((row) => row.map(cellOf));
  const widths: number[] = [];
  for (const row of cells) {
    for (const [column, text] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, widthOf(text));
  }
  const [first = 0, ...others] = widths;
  const rest = others.reduce((sum, width) => sum + width + gap.length, 0);
  const firstWidth = Math.min(first, Math.max(leastFirst, columns - rest));
  const cell = (text: string, column: number) =>
    column === 0 ? padEnd(shortened(text, firstWidth), firstWidth) : padStart(text, widths[column] ?? 0);
  return cells.map((row) => row.map(cell).join(gap).trimEnd()).join('\n');
}

/** A column of a table. */
export interface Column {
  readonly head: string;
  readonly cells: readonly string[];
  /** Columns without a rank are always kept. Of the others, those with the highest rank are left out first. */
  readonly rank?: number;
}

/**
 * Maximum widths for `fittingTable`: of headings, of cells outside the first column, and the width of the first column that is
 * assumed in choosing the other columns.
 */
const [longestHead, shortCell, shortFirst] = [16, 24, 32];

/** Formats a table of as many of the columns as fit. */
export function fittingTable(all: readonly Column[], columns: number = usualColumns): string {
  const short = all.map((column, index) => ({
    ...column,
    head: shortened(column.head, longestHead),
    cells: index === 0 ? column.cells : column.cells.map((cell) => shortened(oneLine(cell), shortCell)),
  }));
  const widthOfColumn = ({ head, cells }: Column, index: number) => {
    const width = [head, ...cells].reduce((most, cell) => Math.max(most, widthOf(cell)), 0);
    return index === 0 ? Math.min(width, shortFirst) : width;
  };
  const widthOfTable = (kept: readonly Column[]) =>
    kept.reduce((sum, column, index) => sum + widthOfColumn(column, index) + gap.length, -gap.length);
  let kept: readonly Column[] = short;
  while (widthOfTable(kept) > columns) {
    const last = Math.max(...kept.map(({ rank = -1 }) => rank));
    if (last < 0) break;
    kept = kept.filter(({ rank }) => rank !== last);
  }
  const length = kept[0]?.cells.length ?? 0;
  const rows = Array.from({ length }, (_, row) => kept.map(({ cells }) => cells[row] ?? ''));
  return table([kept.map(({ head }) => head), ...rows], columns);
}

type Settings = readonly (readonly [name: string, value: string])[];

/** Returns the width of the widest name. */
export function widestName(given: Settings): number {
  return given.reduce((width, [name]) => Math.max(width, widthOf(cellOf(name))), 0);
}

/** Formats names and values, one row each. Long values continue on the next line, aligned with their first
 * line. */
export function settings(
  given: Settings,
  columns: number = usualColumns,
  nameWidth: number = widestName(given),
): string {
  const rows = given.map(([name, value]) => [cellOf(name), oneLine(value.slice(0, longestValue))] as const);
  const indent = 2;
  const valueWidth = Math.max(20, columns - indent - nameWidth - gap.length);
  return rows
    .flatMap(([name, value]) =>
      linesOf(value, valueWidth).map((line, index) =>
        `${' '.repeat(indent)}${padEnd(index === 0 ? name : '', nameWidth)}${gap}${line}`.trimEnd(),
      ),
    )
    .join('\n');
}

/** Breaks a text at spaces into lines that fit. */
export function linesOf(text: string, columns: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    const joined = last === undefined ? word : `${last} ${word}`;
    if (widthOf(joined) <= columns) lines[Math.max(0, lines.length - 1)] = joined;
    else lines.push(shortened(word, columns));
  }
  return lines;
}
