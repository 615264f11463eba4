/** Adds up lists of values. */
import type { Loops } from './shared-floats.ts';

/** How many bytes are added up at a time, so that sums of several lists stay in the first cache. */
const blockBytes = 8192;

/**
 * Writes `sum over k of weights[k] · lists[k]` to the sums. The terms are added up in the order of the lists. Every product and every
 * sum is rounded to float32.
 * @param sums where the sums begin and end, as byte offsets whose distance is a multiple of 16
 * @param lists where each list begins
 */
export function addWeighted(
  { scale, add }: Loops,
  sums: { readonly first: number; readonly end: number },
  lists: readonly number[],
  weights: Float64Array,
): void {
  for (let { first } = sums; first < sums.end; first += blockBytes) {
    const end = Math.min(sums.end, first + blockBytes);
    lists.forEach((list, index) => {
      const loop = index === 0 ? scale : add;
      loop(first, end, list + first - sums.first, weights[index] as number);
    });
  }
}
