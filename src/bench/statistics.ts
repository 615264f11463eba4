/** A summary of repeated measurements. */
export interface Spread {
  /** The value in the middle or, for an even number of values, the mean of the two values in the middle. */
  readonly median: number;
  readonly fastest: number;
  readonly slowest: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const last = sorted.length - 1;
  const median = (at(Math.floor(last / 2)) + at(Math.ceil(last / 2))) / 2;
  return { median, fastest: at(0), slowest: at(last) };
}

/** Returns the time of each of `count` runs in milliseconds, after `warmUp` runs that are not counted. */
export async function timeRuns(
  count: number,
  warmUp: number,
  run: () => Promise<unknown>,
): Promise<readonly number[]> {
  const times: number[] = [];
  for (let i = -warmUp; i < count; i++) {
    const start = performance.now();
    await run();
    if (i >= 0) times.push(performance.now() - start);
  }
  return times;
}
