/** Zoom by two fingers: what is below a finger stays below it. */
import type { Range } from './axis-range.ts';

/** The positions of two fingers, as fractions of the width of the chart. */
export type Fingers = readonly [number, number];

/** Fingers that are closer than this fraction of the width cannot zoom. */
const leastDistance = 0.02;

/** Returns the range after the fingers moved, or undefined if they are too close to each other.
 * @param range the range when both fingers touched the chart */
export function pinched({ low, high }: Range, before: Fingers, after: Fingers): Range | undefined {
  const [distance, now] = [before[1] - before[0], after[1] - after[0]];
  if (Math.abs(distance) < leastDistance || Math.abs(now) < leastDistance || distance * now < 0)
    return undefined;
  const width = ((high - low) * distance) / now;
  const start = low + before[0] * (high - low) - after[0] * width;
  return { low: start, high: start + width };
}
