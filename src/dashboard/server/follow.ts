/** Polls the runs while there are viewers, and sends viewers every change that the source finds, also during requests for data. */
import { curveOf } from '../collect/decimate.ts';
import { histogramIds, pointsFrom } from '../collect/run.ts';
import type { ChangedRun, RunSource, SourceChanges } from '../collect/source.ts';
import { mostPoints } from '../resources/scalars.ts';
import { type Change, type Curve, idOf } from '../wire.ts';
import { Viewers } from './viewers.ts';

/** How often files are looked at, in milliseconds: while few or many watch. (Notifications of the file system are unreliable, and
 * network file systems have none.) */
const [everyMillis, everyMillisForMany] = [1000, 2000];
const many = 100;

export class Follower {
  readonly viewers: Viewers;
  readonly #source: RunSource;
  readonly #leave: () => void;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(source: RunSource) {
    this.#source = source;
    this.viewers = new Viewers(() => this.#schedule());
    this.#leave = source.subscribe((changes) => this.#tell(changes));
  }

  close(): void {
    this.#isClosed = true;
    this.#leave();
    clearTimeout(this.#timer);
    this.viewers.close();
  }

  #schedule(): void {
    if (this.#isClosed || this.viewers.count === 0) return;
    clearTimeout(this.#timer);
    const millis = this.viewers.count > many ? everyMillisForMany : everyMillis;
    this.#timer = setTimeout(() => void this.#look(), millis);
  }

  async #look(): Promise<void> {
    // A folder that cannot be read at the moment, as during an outage of a file server, is looked at again.
    try {
      await this.#source.refresh();
    } catch {
      // The next look finds what this one did not.
    } finally {
      this.#schedule();
    }
  }

  #tell(changes: SourceChanges): void {
    if (this.viewers.count === 0) return;
    try {
      const change = changeOf(changes);
      if (change !== undefined) this.viewers.send(change);
    } catch {
      // The change cannot be sent, for example because it is too large. Viewers that connect again fetch everything.
      this.viewers.drop();
    }
  }
}

/** Returns the message about changes, or undefined if there are none. */
export function changeOf({ runs, removed }: SourceChanges): Change | undefined {
  if (runs.length === 0 && removed.length === 0) return undefined;
  const points = runs.flatMap((one) => {
    const found = newPointsOf(one);
    return found === undefined ? [] : [[one.known.run.id, found] as const];
  });
  return {
    points: Object.fromEntries(points),
    runs: runs.flatMap(({ known }) => known.summary ?? []),
    removed,
    resources: runs.flatMap(resourcesOf),
  };
}

function newPointsOf({ known, changes }: ChangedRun): Readonly<Record<string, Curve>> | undefined {
  if (mustBeFetched({ changes }) || changes.before.size === 0) return undefined;
  const curves = [...changes.before].map(([tag, before]) => {
    const all = known.run.pointsOf(tag);
    const added = all && pointsFrom(all, before);
    return [tag, added && curveOf(added, [...added.steps.keys()])] as const;
  });
  return Object.fromEntries(curves.filter(([, curve]) => curve !== undefined)) as Record<string, Curve>;
}

/** Whether the curves changed in another way than by a few new points. */
function mustBeFetched({ changes }: Pick<ChangedRun, 'changes'>): boolean {
  return changes.isReplaced || changes.added > mostPoints;
}

function resourcesOf({ known, changes, hasEvaluations, hasCheckpoint }: ChangedRun): readonly string[] {
  const { run } = known;
  const { isReplaced } = changes;
  const curves = isReplaced ? [...run.scalars.keys()].map(idOf) : [];
  const histograms = isReplaced ? histogramIds(run) : [];
  const paths = [
    ...(mustBeFetched({ changes }) ? ['scalars.json'] : []),
    ...union(curves, changes.replacedCurves).map((id) => `scalars/${id}.bin`),
    ...union(histograms, changes.histograms).map((id) => `histograms/${id}.json`),
    ...(changes.hasImages || isReplaced ? ['images.json'] : []),
    ...(changes.hasLog ? ['log.txt'] : []),
    ...(hasEvaluations ? ['evaluations.json'] : []),
    ...(hasCheckpoint ? ['checkpoint.safetensors', 'network.json'] : []),
  ];
  return paths.map((path) => `${run.id}/${path}`);
}

function union(some: Iterable<string>, others: Iterable<string>): readonly string[] {
  return [...new Set([...some, ...others])];
}
