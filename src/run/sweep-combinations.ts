/** The results of a sweep over several seeds: the mean and the spread for each combination of the other options. */
import { meanDeviation } from './mean-deviation.ts';
import type { SweepResult } from './sweep-folder.ts';
import type { OptionValue } from './sweep-request.ts';

/** Runs that differ only in their seeds. */
export interface CombinationResult {
  /** The varied options without the seed. */
  readonly options: Readonly<Record<string, OptionValue>>;
  /** The number of runs that ended with a precision, and the number of all runs that ended. */
  readonly scored: number;
  readonly runs: number;
  /** The mean and the sample standard deviation of the best precision. The deviation is null for a single run. */
  readonly mean: number | null;
  readonly deviation: number | null;
}

interface Ended {
  readonly run: { readonly options: Readonly<Record<string, OptionValue>> };
  readonly result: SweepResult;
}

/** Returns the combinations, with the best mean first, or an empty list if no two runs differ only in their seeds. */
export function combinationResults(ended: readonly Ended[]): readonly CombinationResult[] {
  const groups = new Map<string, Ended[]>();
  for (const one of ended) {
    const key = JSON.stringify(withoutSeed(one.run.options));
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  if ([...groups.values()].every((group) => group.length < 2)) return [];
  return [...groups.values()].map(combined).sort((a, b) => (b.mean ?? -1) - (a.mean ?? -1));
}

function combined(group: readonly Ended[]): CombinationResult {
  const options = withoutSeed(group[0]?.run.options ?? {});
  const values = group.flatMap(({ result: { best, status } }) =>
    best === null || status !== 'finished' ? [] : [best],
  );
  const [scored, runs] = [values.length, group.length];
  if (scored === 0) return { options, scored, runs, mean: null, deviation: null };
  return { options, scored, runs, ...meanDeviation(values) };
}

function withoutSeed({ seed: _, ...options }: Readonly<Record<string, OptionValue>>) {
  return options;
}
