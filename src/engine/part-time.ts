/** What is said of the times that one part of a step took. */
import type { PartTime } from './engine.ts';

/** @param millis of every step */
export function partTime(part: Pick<PartTime, 'op' | 'name' | 'code'>, millis: readonly number[]): PartTime {
  const sorted = millis.toSorted((a, b) => a - b);
  const [fastest = 0, median = 0] = [sorted[0], sorted[Math.floor(sorted.length / 2)]];
  return { ...part, millis: median, fastest };
}
