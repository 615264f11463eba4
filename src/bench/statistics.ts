/** A summary of repeated measurements. */
export interface Spread {
  readonly median: number;
  readonly fastest: number;
  readonly slowest: number;
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))] ?? Number.NaN;
  return { median: at(0.5), fastest: at(0), slowest: at(1) };
}

/** The time of each of `count` runs in milliseconds, after `warmUp` runs that are not counted. */
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
