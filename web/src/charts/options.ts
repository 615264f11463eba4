/** What the visitor chose for all charts. It is in the query of the address. */
import {
  formatRange,
  type Horizontal,
  parseRange,
  type Range,
} from '../../../src/dashboard/page/axis-range.ts';
import type { Route } from '../../../src/dashboard/page/route.ts';
import { changeQuery } from '../navigation.ts';

export interface ChartOptions {
  /** The weight of the smoothing, 0 … 0.99. */
  readonly smoothing: number;
  readonly isLog: boolean;
  readonly horizontal: Horizontal;
  /** The range of x, or undefined for everything. */
  readonly range: Range | undefined;
  readonly filter: string;
}

export const horizontals: readonly { readonly value: Horizontal; readonly title: string }[] = [
  { value: 'step', title: 'Step' },
  { value: 'relative', title: 'Time since start' },
  { value: 'wall', title: 'Time of day' },
];

export function chartOptions({ query }: Route): ChartOptions {
  const smoothing = Number(query['smooth'] ?? 0);
  const horizontal = horizontals.find(({ value }) => value === query['x'])?.value ?? 'step';
  return {
    smoothing: smoothing > 0 && smoothing < 1 ? smoothing : 0,
    isLog: query['scale'] === 'log',
    horizontal,
    range: parseRange(query['range']),
    filter: query['tags'] ?? '',
  };
}

export const changeOptions = {
  smoothing: (weight: number) => changeQuery({ smooth: weight > 0 ? String(weight) : undefined }),
  isLog: (isLog: boolean) => changeQuery({ scale: isLog ? 'log' : undefined }),
  // The range of one kind of x says nothing for another.
  horizontal: (value: string) => changeQuery({ x: value === 'step' ? undefined : value, range: undefined }),
  range: (range: Range | undefined) =>
    changeQuery({ range: range === undefined ? undefined : formatRange(range) }),
  filter: (filter: string) => changeQuery({ tags: filter === '' ? undefined : filter }),
} as const;
