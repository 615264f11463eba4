/** What is kept of the files of runs, whatever they contain. Everything else is left out with a remark. */

/** The longest tag, in bytes of UTF-8: its id must fit into a path. */
export const longestTag = 1000;
/** The most tags of a run. */
export const mostTags = 10_000;
/** The largest record of an event file, in bytes. */
export const largestRecord: number = 64 << 20;
/** The most hyperparameters, and the longest value, in characters. */
export const mostHyperparameters = 1000;
export const longestHyperparameter = 1000;
/** The most points, histograms and images, and tags of all runs. A point takes 24 bytes. */
const [mostPoints, mostLocated, mostTagsOfAll] = [40_000_000, 2_000_000, 200_000];

/** What the runs may still keep. Runs that are read at the same time share it. */
export interface Room {
  points: number;
  located: number;
  tags: number;
}

/** What runs hold. */
interface Held {
  readonly points: number;
  readonly located: { readonly length: number };
  readonly tagCount: number;
}

/** Returns what is left beside what runs already hold. */
export function roomBeside(runs: Iterable<Held>): Room {
  const room = { points: mostPoints, located: mostLocated, tags: mostTagsOfAll };
  for (const run of runs) {
    room.points -= run.points;
    room.located -= run.located.length;
    room.tags -= run.tagCount;
  }
  return room;
}

export const remarks: Readonly<Record<'longTag' | 'tags' | 'values', string>> = {
  longTag: `tags longer than ${longestTag.toLocaleString('en-US')} bytes are left out`,
  tags: `only the first ${mostTags.toLocaleString('en-US')} tags of a run, and ${mostTagsOfAll.toLocaleString('en-US')} of all runs, are shown`,
  values: 'there are too many values: some are left out',
};
