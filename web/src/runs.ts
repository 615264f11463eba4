/** The runs of the folder and their curves, which grow while the server sends changes. */
import { useEffect, useState } from 'preact/hooks';
import { ListedRuns } from '../../src/dashboard/page/listed-runs.ts';
import { type KnownCurves, Overviews } from '../../src/dashboard/page/overviews.ts';
import type { Change, RunList, RunSummary, ScalarOverview } from '../../src/dashboard/wire.ts';
import { messageOf } from '../../src/errors.ts';
import { fetchResource, invalidate } from './client.ts';
import { Store, useStore } from './store.ts';

/** The list of runs, or why it could not be fetched. */
export const runList = new Store<{ readonly list?: RunList; readonly error?: string }>({});
const listed = new ListedRuns();
const overviews = new Overviews();
const knownOverviews = new Store<ReadonlyMap<string, KnownCurves>>(new Map());
/** The overviews of 100 runs arrive one by one, and each time all charts would be drawn. The wait doubles until all have arrived. */
const arrivalMillis = { first: 100, most: 1600, last: 10 } as const;
let wait: number = arrivalMillis.first;
let showing: ReturnType<typeof setTimeout> | undefined;
const listPath = 'runs.json';
/** How long to wait before the list is fetched again, at first and at most. */
const retryMillis = { first: 1000, most: 30_000 } as const;

/** Fetches the list of runs, again and again if that fails.
 * @param follow called before a list is shown that may change. It is then fetched again, so that no change in between is missed */
export async function loadRuns(follow: () => Promise<void>): Promise<void> {
  const first = await fetchRuns();
  if (first.isLive) await follow();
  invalidate((path) => path === listPath);
  runList.set({ list: first.isLive ? await fetchRuns() : first });
}

function fetchRuns(): Promise<RunList> {
  return listed.request(fetchUntilDone);
}

async function fetchUntilDone(): Promise<RunList> {
  for (let wait: number = retryMillis.first; ; wait = Math.min(2 * wait, retryMillis.most)) {
    try {
      return await fetchResource<RunList>(listPath, 'json');
    } catch (error) {
      runList.set({ ...runList.value, error: messageOf(error) });
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** Fetches everything again, after changes may have been missed. */
export async function reloadRuns(): Promise<void> {
  invalidate(() => true);
  for (const id of overviews.ids) void fetchOverview(id);
  runList.set({ list: await fetchRuns() });
}

async function fetchOverview(id: string): Promise<void> {
  const number = overviews.request(id);
  try {
    const overview = await fetchResource<ScalarOverview>(`${id}/scalars.json`, 'json');
    if (overviews.receive(id, number, overview)) showSoon();
  } catch {
    // The next view that needs the curves tries again.
    overviews.fail(id, number);
  }
}

function showSoon(): void {
  if (overviews.isComplete) {
    clearTimeout(showing);
    showing = setTimeout(show, arrivalMillis.last);
    wait = arrivalMillis.first;
    return;
  }
  if (showing !== undefined) return;
  showing = setTimeout(show, wait);
  wait = Math.min(2 * wait, arrivalMillis.most);
}

function show(): void {
  showing = undefined;
  knownOverviews.set(overviews.known);
}

/** Returns the overviews of runs that have arrived, and fetches the others. */
export function useOverviews(ids: readonly string[]): ReadonlyMap<string, KnownCurves> {
  const key = ids.join();
  useEffect(() => {
    for (const id of key.split(',')) if (id !== '' && !overviews.has(id)) void fetchOverview(id);
  }, [key]);
  return useStore(knownOverviews);
}

/** Applies a message of the server. */
export function applyChange({ points, runs, removed, resources }: Change): void {
  const shown = new Set(removed.filter((id) => overviews.has(id)));
  const isRemoved = new Set(removed);
  for (const id of removed) overviews.forget(id);
  const changes = new Set(resources);
  // A run that is removed may come back with other files.
  invalidate((path) => changes.has(path) || isRemoved.has(path.slice(0, path.indexOf('/'))));
  if (runs.length + removed.length > 0) {
    const list = listed.change({ runs, removed });
    if (list !== undefined && runList.value.list !== undefined) runList.set({ list });
  }
  const grown = Object.entries(points).filter(([id, curves]) => overviews.add(id, curves));
  if (grown.length + removed.length > 0) showSoon();
  // Curves that changed in another way than by new points, and runs that were removed and made again.
  for (const id of overviews.ids) if (changes.has(`${id}/scalars.json`)) void fetchOverview(id);
  for (const { id } of runs) if (shown.has(id)) void fetchOverview(id);
}

export function useRunList(): { readonly list?: RunList; readonly error?: string } {
  return useStore(runList);
}

/** Returns the time in seconds since 1970, which advances every few seconds. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now() / 1000);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() / 1000), 5000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** Returns runs with the newest first. */
export function newestFirst(runs: readonly RunSummary[]): readonly RunSummary[] {
  return runs.toSorted((a, b) => (b.changed ?? 0) - (a.changed ?? 0) || a.path.localeCompare(b.path));
}
