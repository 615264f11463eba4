/** Measures competitors alternately, A B C A B C …, so that noise from the machine affects all of them equally. */
import { type Spread, spread, timeRuns } from './statistics.ts';

export interface Competitor {
  readonly title: string;
  /** Runs one step. */
  readonly run: () => Promise<unknown>;
}

export interface PairedResult {
  readonly title: string;
  readonly millis: Spread;
  /** How many times as fast as the first competitor this one is: the median over the rounds. */
  readonly timesFirst: number;
}

export interface Rounds {
  readonly rounds: number;
  /** The number of steps of each competitor that are measured per round. */
  readonly steps: number;
  /** The number of steps of each competitor before the first round, which are not measured. In each round one more step is
   * not measured, to warm the caches. */
  readonly warmUp: number;
}

export async function measurePaired(
  competitors: readonly Competitor[],
  { rounds, steps, warmUp }: Rounds,
): Promise<readonly PairedResult[]> {
  const times = competitors.map((): number[] => []);
  const medians = competitors.map((): number[] => []);
  for (const { run } of competitors) await timeRuns(0, warmUp, run);
  for (let round = 0; round < rounds; round++) {
    for (const [index, { run }] of competitors.entries()) {
      const taken = await timeRuns(steps, 1, run);
      times[index]?.push(...taken);
      medians[index]?.push(spread(taken).median);
    }
  }
  const first = medians[0] ?? [];
  return competitors.map(({ title }, index) => {
    const ratios = (medians[index] ?? []).map((millis, round) => (first[round] ?? Number.NaN) / millis);
    return { title, millis: spread(times[index] ?? []), timesFirst: spread(ratios).median };
  });
}
