/** Which runs the charts show, and the color of each. The list is part of the address: `ID~0,ID~3`, with the number of the color
 * of each run. A run keeps its color while others come and go. */

/** The numbers of colors by the ids of the runs that are shown. */
export type ShownRuns = ReadonlyMap<string, number>;

/** The number of different colors. Later runs get the same colors with dashed lines. */
export const colorCount = 10;

/** Returns the runs of a list in an address, or the newest runs if there is no list.
 * @param newest ids of runs, the newest first */
export function shownRuns(list: string | undefined, newest: readonly string[], most: number): ShownRuns {
  if (list === undefined)
    return newest.slice(0, most).reduce<ShownRuns>((shown, id) => withRun(shown, id), new Map());
  const known = new Set(newest);
  const entries = list.split(',').map((entry) => entry.split('~', 2));
  const shown = new Map<string, number>();
  for (const [id = '', digits = ''] of entries)
    if (known.has(id)) shown.set(id, /^\d{1,4}$/.test(digits) ? Number(digits) : firstFree(shown));
  return shown;
}

export function formatShown(shown: ShownRuns): string {
  return shown.size === 0 ? 'none' : [...shown].map(([id, color]) => `${id}~${color}`).join(',');
}

/** Returns the list with one more run, which gets the first color that no other run has. */
export function withRun(shown: ShownRuns, id: string): ShownRuns {
  return shown.has(id) ? shown : new Map([...shown, [id, firstFree(shown)]]);
}

export function withoutRun(shown: ShownRuns, id: string): ShownRuns {
  return new Map([...shown].filter(([other]) => other !== id));
}

function firstFree(shown: ShownRuns): number {
  const used = new Set(shown.values());
  let color = 0;
  while (used.has(color)) color++;
  return color;
}
