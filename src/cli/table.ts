/** Plain tables: columns as wide as their widest cell, the first to the left, the others to the right. Cells may be names by
 * others: they are kept to one short line. */
import { oneLine, shortened } from '../wording.ts';

const longestCell = 120;

export function table(rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) =>
    row.map((text) => shortened(oneLine(text.slice(0, longestCell + 1)), longestCell)),
  );
  const widths: number[] = [];
  for (const row of cells) {
    for (const [column, text] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, text.length);
  }
  const cell = (text: string, column: number) =>
    column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0);
  return cells.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}
