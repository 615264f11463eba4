/** Names that a pass adds to a graph. */

/** Returns a function that makes names unique: a name that is taken gets the suffix `+`. */
export function uniqueNames(taken: Iterable<string>): (name: string) => string {
  const used = new Set(taken);
  return (name) => {
    let free = name;
    while (used.has(free)) free += '+';
    used.add(free);
    return free;
  };
}
