/** The columns of the table of runs: what is known of all runs, then their results, and the settings that differ. */
import {
  formatAgo,
  formatDuration,
  formatPercent,
  formatValue,
  formatWhole,
} from '../../src/dashboard/page/format.ts';
import { own } from '../../src/dashboard/page/own.ts';
import { compareValues, differingSettings } from '../../src/dashboard/page/settings.ts';
import type { RunSummary } from '../../src/dashboard/wire.ts';

export interface Column {
  readonly id: string;
  readonly title: string;
  readonly isNumber: boolean;
  readonly text: (run: RunSummary, now: number) => string;
  readonly compare: (a: RunSummary, b: RunSummary) => number;
}

/** Missing numbers come last in ascending order. */
const byNumber =
  (value: (run: RunSummary) => number | null | undefined) => (a: RunSummary, b: RunSummary) => {
    return (value(a) ?? Number.POSITIVE_INFINITY) - (value(b) ?? Number.POSITIVE_INFINITY) || 0;
  };

const fixed: readonly Column[] = [
  {
    ...{ id: 'state', title: 'State', isNumber: false },
    text: ({ state }) => state,
    compare: (a, b) => a.state.localeCompare(b.state),
  },
  {
    ...{ id: 'step', title: 'Step', isNumber: true },
    text: ({ step, maxSteps }) =>
      maxSteps === null || maxSteps === step
        ? formatWhole(step)
        : `${formatWhole(step)} / ${formatWhole(maxSteps)}`,
    compare: byNumber(({ step }) => step),
  },
];

const times: readonly Column[] = [
  {
    ...{ id: 'duration', title: 'Duration', isNumber: true },
    text: ({ started, changed }) =>
      started === null || changed === null ? '–' : formatDuration(changed - started),
    compare: byNumber(({ started, changed }) =>
      started === null || changed === null ? null : changed - started,
    ),
  },
  {
    ...{ id: 'changed', title: 'Changed', isNumber: true },
    text: ({ changed }, now) => formatAgo(changed, now),
    compare: byNumber(({ changed }) => (changed === null ? null : -changed)),
  },
];

export function columnsOf(runs: readonly RunSummary[]): readonly Column[] {
  const results = [...new Set(runs.flatMap(({ results }) => Object.keys(results)))];
  return [
    ...fixed,
    ...results.map(
      (name): Column => ({
        ...{ id: `result ${name}`, title: name, isNumber: true },
        text: ({ results }) => formatResult(name, own(results, name)),
        compare: byNumber(({ results }) => own(results, name)),
      }),
    ),
    ...differingSettings(runs).map(
      (name): Column => ({
        ...{
          id: `setting ${name}`,
          title: name,
          isNumber: runs.every((run) => isNumber(own(run.settings, name))),
        },
        text: ({ settings }) => own(settings, name) ?? '–',
        compare: (a, b) => compareValues(own(a.settings, name), own(b.settings, name)),
      }),
    ),
    ...times,
  ];
}

/** Formats a result. Precisions are fractions. */
export function formatResult(name: string, value: number | undefined): string {
  if (value === undefined) return '–';
  const isShare = /precision|accuracy|recall/i.test(name) && value >= 0 && value <= 1;
  return isShare ? formatPercent(value, 2) : formatValue(value);
}

function isNumber(text: string | undefined): boolean {
  return text === undefined || (text !== '' && Number.isFinite(Number(text)));
}
