/** Returns the candidate that a misspelled word most likely means: one that differs only in case or separators, or else one
 * that starts with the word, or else the one with the fewest typing errors, if these are at most a third of the letters of the
 * longer word. Returns undefined if there is no such candidate. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const same = word !== '' && candidates.find((candidate) => lettersOf(candidate) === lettersOf(word));
  if (same) return same;
  const completed = word.length > 1 && candidates.find((candidate) => candidate.startsWith(word));
  if (completed) return completed;
  let best: string | undefined;
  let fewest = Infinity;
  for (const candidate of candidates) {
    const errors = typingErrors(word, candidate);
    if (errors >= fewest || errors > Math.max(word.length, candidate.length) / 3) continue;
    best = candidate;
    fewest = errors;
  }
  return best;
}

/** `max_steps`, `max-steps` and `MaxSteps` have the same letters as `maxSteps`. */
function lettersOf(word: string): string {
  return word.replaceAll(/[-_\s]/g, '').toLowerCase();
}

/** Returns the number of letters to insert, delete or replace, and of adjacent letters to swap, to turn one word into the other
 * (optimal string alignment; Damerau 1964, Levenshtein 1966). */
function typingErrors(from: string, to: string): number {
  // distances[j] is the number of errors between the letters of `from` read so far and the first j letters of `to`.
  let distances = Array.from({ length: to.length + 1 }, (_, j) => j);
  let before = distances;
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const replaced = (distances[j] ?? 0) + Number(from[i] !== to[j]);
      const isSwap = i > 0 && j > 0 && from[i] === to[j - 1] && from[i - 1] === to[j];
      const swapped = isSwap ? (before[j - 1] ?? 0) + 1 : Infinity;
      next.push(Math.min(replaced, swapped, (distances[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    [before, distances] = [distances, next];
  }
  return distances.at(-1) ?? 0;
}
