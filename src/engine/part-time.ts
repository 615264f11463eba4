/** Summarizes the times of one part of a step. */
import type { PartTime } from './engine.ts';

/** Adds the median and the minimum of the times to a part.
 * @param millis one time per step, in milliseconds */
export function partTime(
  part: Pick<PartTime, 'op' | 'name' | 'code' | 'moves'>,
  millis: readonly number[],
): PartTime {
  const sorted = millis.toSorted((a, b) => a - b);
  const [fastest = 0, median = 0] = [sorted[0], sorted[Math.floor(sorted.length / 2)]];
  return { ...part, millis: median, fastest };
}
