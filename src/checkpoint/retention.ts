/** Selects the checkpoints to keep: the newest `keep` ones, or all if `keep` is 0. */
export function retain<T>(
  oldestFirst: readonly T[],
  keep: number,
): { readonly kept: readonly T[]; readonly surplus: readonly T[] } {
  const firstKept = keep === 0 ? 0 : Math.max(0, oldestFirst.length - keep);
  return { kept: oldestFirst.slice(firstKept), surplus: oldestFirst.slice(0, firstKept) };
}
