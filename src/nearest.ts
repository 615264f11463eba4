/**
 * Returns the candidate that a misspelled word most likely means, or undefined if none is similar enough. Three kinds of
 * candidates are similar. They are searched for in this order, and the first one that is found is returned:
 *
 * 1. a candidate that differs from the word only in case or separators;
 * 2. a candidate that starts with the word, if the word has more than one letter;
 * 3. the candidate with the fewest typing errors. The errors may be at most a third of the letters of the longer word.
 */
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

/** Returns a word in lower case and without separators: `maxsteps` for `maxSteps`, `max_steps` and `max-steps`. */
function lettersOf(word: string): string {
  return word.replaceAll(/[-_\s]/g, '').toLowerCase();
}

/** Returns the smallest number of typing errors that turn one word into the other. An error inserts, deletes or replaces a
 * letter, or swaps two adjacent letters (optimal string alignment; Damerau 1964, Levenshtein 1966). */
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
