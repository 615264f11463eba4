/** The most frequent confusions of a matrix that is too large to show. */

export interface ConfusedPair {
  readonly label: number;
  readonly predicted: number;
  readonly count: number;
  /** The fraction of the images of the label, 0 … 1. */
  readonly share: number;
}

/** Returns the cells beside the diagonal with the largest counts, the largest first.
 * @param confusion numbers of images by [label][predicted] */
export function largestConfusions(
  confusion: readonly (readonly number[])[],
  most: number,
): readonly ConfusedPair[] {
  return confusion
    .flatMap((row, label) => {
      const total = row.reduce((sum, count) => sum + count, 0);
      return row.flatMap((count, predicted) =>
        count > 0 && predicted !== label ? [{ label, predicted, count, share: count / total }] : [],
      );
    })
    .sort((a, b) => b.count - a.count || b.share - a.share)
    .slice(0, most);
}
