/** The runs of the folder and their curves, which grow while the server sends changes. */
import { useEffect, useState } from 'preact/hooks';
import { appended, emptyCurve, reducedCurve } from '../../src/dashboard/page/curve.ts';
import type { Change, RunList, RunSummary, ScalarOverview } from '../../src/dashboard/wire.ts';
import { messageOf } from '../../src/errors.ts';
import { fetchResource, invalidate, invalidateAll } from './client.ts';
import { Store, useStore } from './store.ts';

/** The list of runs, or why it could not be fetched. */
export const runList = new Store<{ readonly list?: RunList; readonly error?: string }>({});
/** The overviews that were fetched, by the id of the run. */
const overviews = new Store<ReadonlyMap<string, ScalarOverview>>(new Map());
const requested = new Set<string>();
/** Overviews that no component knows yet. Those of 100 runs arrive one by one, and each time all charts would be drawn. */
const arrived = new Map<string, ScalarOverview>();
const arrivalMillis = 100;
/** Longer curves are reduced to half of these points, which keeps long sessions fast. */
const mostPoints = 2000;

export async function loadRuns(): Promise<void> {
  try {
    runList.set({ list: await fetchResource<RunList>('runs.json', 'json') });
  } catch (error) {
    runList.set({ ...runList.value, error: messageOf(error) });
  }
}

/** Fetches everything again, after changes may have been missed. */
export async function reloadRuns(): Promise<void> {
  invalidateAll();
  const ids = [...requested];
  requested.clear();
  await loadRuns();
  for (const id of ids) void loadOverview(id);
}

async function loadOverview(id: string): Promise<void> {
  if (requested.has(id)) return;
  requested.add(id);
  await fetchOverview(id);
}

async function fetchOverview(id: string): Promise<void> {
  try {
    const overview = await fetchResource<ScalarOverview>(`${id}/scalars.json`, 'json');
    if (arrived.size === 0) setTimeout(showArrived, arrivalMillis);
    arrived.set(id, overview);
  } catch {
    // The next view that needs the curves tries again.
    requested.delete(id);
  }
}

function showArrived(): void {
  overviews.set(new Map([...overviews.value, ...arrived]));
  arrived.clear();
}

/** Returns the overviews of runs that have arrived, and fetches the others. */
export function useOverviews(ids: readonly string[]): ReadonlyMap<string, ScalarOverview> {
  const key = ids.join();
  useEffect(() => {
    for (const id of key.split(',')) if (id !== '') void loadOverview(id);
  }, [key]);
  return useStore(overviews);
}

/** Applies a message of the server. */
export function applyChange({ points, runs, removed, resources }: Change): void {
  const { list } = runList.value;
  if (list !== undefined && runs.length + removed.length > 0) {
    const changed = new Map(runs.map((run) => [run.id, run]));
    const known = new Set(list.runs.map(({ id }) => id));
    const kept = list.runs.filter(({ id }) => !removed.includes(id)).map((run) => changed.get(run.id) ?? run);
    runList.set({ list: { ...list, runs: [...kept, ...runs.filter(({ id }) => !known.has(id))] } });
  }
  const next = new Map(overviews.value);
  for (const [id, curves] of Object.entries(points)) {
    const overview = next.get(id);
    if (overview !== undefined) next.set(id, grown(overview, curves));
  }
  for (const id of removed) {
    next.delete(id);
    requested.delete(id);
  }
  if (Object.keys(points).length + removed.length > 0) overviews.set(next);
  invalidate(resources);
  // Curves that changed in another way than by new points.
  for (const id of requested) if (resources.includes(`${id}/scalars.json`)) void fetchOverview(id);
}

function grown(overview: ScalarOverview, added: Change['points'][string]): ScalarOverview {
  const [counts, curves] = [{ ...overview.counts }, { ...overview.curves }];
  for (const [tag, curve] of Object.entries(added)) {
    const old = curves[tag] ?? emptyCurve;
    const whole = appended(old, curve);
    counts[tag] = Math.max(0, (counts[tag] ?? 0) + whole.steps.length - old.steps.length);
    curves[tag] = whole.steps.length > mostPoints ? reducedCurve(whole, mostPoints / 2) : whole;
  }
  return { counts, curves };
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
