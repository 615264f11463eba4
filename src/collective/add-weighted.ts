/** Adds up lists of values. */

/** How many values are added up at a time, so that sums of more than two lists stay in the first cache. */
const blockLength = 2048;

/**
 * Writes `sum over k of weights[k] · lists[k]` to `sums`. The terms are added up in the order of the lists, and rounded to float32
 * after the second and each further one.
 * @param lists one or more lists of the length of `sums`
 */
export function addWeighted(sums: Float32Array, lists: readonly Float32Array[], weights: Float64Array): void {
  const [one, two, ...more] = lists;
  if (one === undefined) return;
  const weight = (list: number) => weights[list] as number;
  for (let from = 0; from < sums.length; from += blockLength) {
    const to = Math.min(sums.length, from + blockLength);
    if (two === undefined) setOne(sums, one, weight(0), from, to);
    else setTwo(sums, one, weight(0), two, weight(1), from, to);
    more.forEach((list, index) => {
      addOne(sums, list, weight(index + 2), from, to);
    });
  }
}

function setOne(sums: Float32Array, values: Float32Array, weight: number, from: number, to: number): void {
  for (let index = from; index < to; index++) sums[index] = (values[index] as number) * weight;
}

function setTwo(
  sums: Float32Array,
  one: Float32Array,
  weightOfOne: number,
  two: Float32Array,
  weightOfTwo: number,
  from: number,
  to: number,
): void {
  for (let index = from; index < to; index++)
    sums[index] = (one[index] as number) * weightOfOne + (two[index] as number) * weightOfTwo;
}

function addOne(sums: Float32Array, values: Float32Array, weight: number, from: number, to: number): void {
  for (let index = from; index < to; index++)
    sums[index] = (sums[index] as number) + (values[index] as number) * weight;
}
