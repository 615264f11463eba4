/** The results of a sweep as tables that fit 80 columns. */
import type { EndedRun } from '../run/sweep.ts';
import type { CombinationResult } from '../run/sweep-combinations.ts';
import { writtenName } from './flag.ts';
import { type Column, fittingTable } from './table.ts';

const number = (value: number | null) => (value === null ? '-' : Math.round(value).toLocaleString('en-US'));
const fraction = (value: number | null) => (value === null ? '-' : value.toFixed(3));

/** Returns a table with one row per run, in the given order. Less important columns are left out if they do not fit. */
export function sweepTable(ended: readonly EndedRun[]): string {
  const results = ended.map(({ result }) => result);
  const notes = results.map(({ status, steps }) =>
    status === 'finished' ? '' : `${status} at step ${steps}`,
  );
  const columns: readonly Column[] = [
    ...optionColumns(ended.map(({ run }) => run.options)),
    { head: 'best', cells: results.map(({ best }) => fraction(best)) },
    { head: 'at step', cells: results.map(({ bestStep }) => number(bestStep)), rank: 3 },
    { head: 'final', cells: results.map(({ validation }) => fraction(validation)), rank: 1 },
    { head: 'loss', cells: results.map(({ loss }) => fraction(loss)), rank: 2 },
    { head: 'steps', cells: results.map(({ steps }) => number(steps)), rank: 4 },
    { head: 'images/s', cells: results.map(({ imagesPerSecond }) => number(imagesPerSecond)), rank: 5 },
    ...(notes.every((note) => note === '') ? [] : [{ head: '', cells: notes }]),
  ];
  return `Precision @ 1 on the held-out images, best first:\n${fittingTable(columns)}`;
}

/** Returns a table with one row per combination: the mean and standard deviation over its seeds. */
export function combinationTable(combinations: readonly CombinationResult[]): string {
  const columns: readonly Column[] = [
    ...optionColumns(combinations.map(({ options }) => options)),
    {
      head: 'seeds',
      cells: combinations.map(({ scored, runs }) => (scored === runs ? `${runs}` : `${scored} of ${runs}`)),
    },
    {
      head: 'best',
      cells: combinations.map(({ mean, deviation }) =>
        deviation === null ? fraction(mean) : `${fraction(mean)} ± ${fraction(deviation)}`,
      ),
    },
  ];
  return `Mean ± standard deviation over seeds:\n${fittingTable(columns)}`;
}

/** Returns one column per varied option. */
function optionColumns(rows: readonly Readonly<Record<string, unknown>>[]): readonly Column[] {
  const names = [...new Set(rows.flatMap((options) => Object.keys(options)))];
  const cell = (value: unknown) => (value === undefined ? '' : String(value));
  return names.map((name) => ({
    head: writtenName(name),
    cells: rows.map((options) => cell(options[name])),
  }));
}
