/** The mean and the standard deviation of each channel. */
import type { ChannelStatistics } from './dataset.ts';

/** The least deviation, one level of 255. Without it, pictures of one color could not be normalized. */
const leastDeviation = 1 / 255;

/** Counts how often each level occurs in each channel, so that the results are exact and do not depend on the order. */
export class ChannelLevels {
  readonly #counts: readonly Float64Array[] = [0, 1, 2].map(() => new Float64Array(256));

  /** @param planes [3, H, W] */
  add(planes: Uint8Array): void {
    const plane = planes.length / 3;
    for (const [channel, counts] of this.#counts.entries())
      for (let at = channel * plane; at < (channel + 1) * plane; at++) {
        const level = planes[at] as number;
        counts[level] = (counts[level] as number) + 1;
      }
  }

  /** Returns the statistics for values of 0 … 1, with six digits. */
  statistics(): ChannelStatistics {
    const moments = this.#counts.map(momentsOf);
    return {
      mean: moments.map(({ mean }) => rounded(mean / 255)),
      deviation: moments.map(({ deviation }) => rounded(Math.max(deviation / 255, leastDeviation))),
    };
  }
}

function momentsOf(counts: Float64Array): { readonly mean: number; readonly deviation: number } {
  const sum = (of: (level: number) => number) =>
    counts.reduce((total, count, level) => total + count * of(level), 0);
  const all = Math.max(
    1,
    sum(() => 1),
  );
  const mean = sum((level) => level) / all;
  return { mean, deviation: Math.sqrt(sum((level) => (level - mean) ** 2) / all) };
}

function rounded(value: number): number {
  return Number(value.toFixed(6));
}
