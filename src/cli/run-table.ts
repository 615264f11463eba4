/** The runs of a folder as a table that fits the terminal. */
import type { RunRow } from '../inspect/runs.ts';
import { oneLine } from '../wording.ts';
import { writtenName } from './flag.ts';
import { type Column, fittingTable, usualColumns } from './table.ts';
import { beginning } from './width.ts';

/** Returns a table with one row for each run. Columns without values are left out, and so are the less important ones if the
 * table would be too wide. If the recipe that all runs have in common does not fit, it is in a line above the table.
 * @param differing the names of the settings in which the runs differ */
export function runTable(
  runs: readonly RunRow[],
  differing: readonly string[],
  width: number = usualColumns,
): string {
  const column = (
    head: string,
    rank: number | undefined,
    cell: (run: RunRow) => string | undefined,
  ): Column => ({
    head,
    cells: runs.map((run) => cell(run) ?? '-'),
    ...(rank !== undefined && { rank }),
  });
  const fraction = (value: number | null) => value?.toFixed(3);
  const whole = (value: number | null) =>
    value === null ? undefined : Math.round(value).toLocaleString('en-US');
  const recipes = new Set(runs.flatMap(({ recipe }) => recipe ?? []));
  const networks = new Set(runs.flatMap(({ network }) => network ?? []));
  const columns = [
    column('run', undefined, ({ name }) => name),
    column('recipe', recipes.size > 1 ? 8 : 98, ({ recipe }) => recipe ?? undefined),
    column('network', networks.size > 1 ? 12 : 99, ({ network }) => network ?? undefined),
    // If the table is too wide, the last settings are left out first, and the first one only after the speed.
    ...differing.map((name, index) =>
      column(headOf(name), index === 0 ? 9 : 13 + index, ({ settings }) =>
        settings?.[name] === undefined ? undefined : String(settings[name]),
      ),
    ),
    column('steps', undefined, ({ step }) => whole(step)),
    column('loss', 10, ({ loss }) => fraction(loss)),
    column('held-out', 7, ({ validation }) => fraction(validation)),
    column('test', 6, ({ precision }) => fraction(precision)),
    column('images/s', 11, ({ imagesPerSecond }) => whole(imagesPerSecond)),
  ];
  const known = columns.filter(({ cells }, index) => index === 0 || cells.some((cell) => cell !== '-'));
  const [head = '', ...rows] = fittingTable(known, width).split('\n');
  const common = recipes.size > 1 || / recipe /.test(head) ? [] : [...recipes];
  return [
    ...common.map((recipe) => beginning(`recipe: ${oneLine(recipe)}`, width)),
    head,
    ...rows.map((row, index) => withProblem(row, runs[index]?.problem ?? null, width)),
  ].join('\n');
}

/** Replaces the unknown values at the end of a row with the problem that explains why they are unknown. */
function withProblem(row: string, problem: string | null, width: number): string {
  if (problem === null) return row;
  return beginning(`${row.replace(/( +-)+$/, '')}  ${oneLine(problem)}`, width);
}

/** Returns the heading of a setting, such as `learning-rate`. The setting `precision` is called `type`, because another column
 * contains the precision @ 1. */
function headOf(setting: string): string {
  return setting === 'precision' ? 'type' : writtenName(setting);
}
