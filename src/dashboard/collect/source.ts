/** All runs below a folder, which are read again on demand. */
import { basename, resolve } from 'node:path';
import { program } from '../../command.ts';
import { messageOf } from '../../errors.ts';
import { eachOf } from '../../parallel.ts';
import { version } from '../../version.ts';
import { oneLine } from '../../wording.ts';
import { idOf, type RunList, type RunSummary } from '../wire.ts';
import { Evaluations } from './evaluations.ts';
import { RunFacts } from './facts.ts';
import { type FoundRun, findRuns } from './find-runs.ts';
import { type Room, roomBeside } from './limits.ts';
import { withoutPaths } from './remark.ts';
import { type ReadPiece, Run, type RunChanges } from './run.ts';
import { summaryOf } from './summary.ts';

/** The number of runs that are read at the same time. */
const concurrency = 8;

/** A run with what its other files say. */
export class KnownRun {
  readonly run: Run;
  readonly facts: RunFacts = new RunFacts();
  /** Increases with every change of one of its resources. */
  revision = 0;
  summary: RunSummary | undefined;
  /** Why the last refresh failed, or undefined. */
  problem: string | undefined;
  #summaryText = '';
  #evaluations = '[]';

  constructor(found: FoundRun) {
    this.run = new Run(found);
  }

  /** Reads what the files gained. A run that cannot be read does not affect the others: the problem is a remark. */
  async refresh(found: FoundRun, read: ReadPiece, room: Room): Promise<RefreshedRun> {
    try {
      const changes = await this.run.refresh(found, read, room);
      const hasOtherFacts = await this.facts.refresh(found);
      this.problem = undefined;
      return { known: this, changes, hasOtherFacts };
    } catch (error) {
      const problem = `cannot be read (${withoutPaths(oneLine(messageOf(error)))})`;
      const isNew = problem !== this.problem;
      this.problem = problem;
      // What was read before the error is not known: viewers fetch everything.
      return {
        known: this,
        changes: { ...noChanges, isChanged: isNew, isReplaced: isNew },
        hasOtherFacts: isNew,
      };
    }
  }

  /** Returns whether the entry in the list of runs changed. */
  noteSummary(summary: RunSummary): boolean {
    const text = JSON.stringify(summary);
    const isOther = text !== this.#summaryText;
    this.#summaryText = text;
    this.summary = summary;
    return isOther;
  }

  /** Returns whether the evaluations of the run, or their newest report, changed. */
  noteEvaluations(evaluations: Evaluations): boolean {
    const { found } = this.run;
    const text = JSON.stringify([...evaluations.of(found), evaluations.reportOf(found) ?? []].flat());
    const isOther = text !== this.#evaluations;
    this.#evaluations = text;
    return isOther;
  }
}

interface RefreshedRun {
  readonly known: KnownRun;
  readonly changes: RunChanges;
  readonly hasOtherFacts: boolean;
}

const noChanges: RunChanges = {
  ...{ isChanged: false, isReplaced: false, added: 0, hasImages: false },
  ...{ before: new Map(), histograms: new Set(), replacedCurves: new Set() },
};

/** What a refresh changed. */
export interface ChangedRun {
  readonly known: KnownRun;
  readonly changes: RunChanges;
  readonly hasEvaluations: boolean;
  readonly hasCheckpoint: boolean;
}

export interface SourceChanges {
  readonly runs: readonly ChangedRun[];
  /** Ids of runs that are gone. */
  readonly removed: readonly string[];
}

export class RunSource {
  readonly folder: string;
  /** Increases with every change. */
  version = 0;
  readonly evaluations: Evaluations = new Evaluations();
  /** Ends the threads that read files. */
  readonly close: () => Promise<void>;
  readonly #read: ReadPiece;
  readonly #runs = new Map<string, KnownRun>();
  /** What was left out, for people. */
  remarks: readonly string[] = [];
  #refreshing: Promise<void> | undefined;
  #refreshed = Number.NEGATIVE_INFINITY;
  readonly #listeners = new Set<(changes: SourceChanges) => void>();

  /** @param end releases what `read` uses */
  constructor(folder: string, read: ReadPiece, end: () => Promise<void> = async () => undefined) {
    this.folder = folder;
    this.#read = read;
    this.close = end;
  }

  /** The runs in the order of their paths. */
  get runs(): readonly KnownRun[] {
    return [...this.#runs.values()];
  }

  /** Returns a run by its id. */
  runWith(id: string): KnownRun | undefined {
    return this.#runs.get(id);
  }

  /** Calls a function after every refresh that changed something. Returns a function that ends this. */
  subscribe(listener: (changes: SourceChanges) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  list(isLive: boolean): RunList {
    const runs = this.runs
      .flatMap((known) => known.summary ?? [])
      // Files do not change, so nothing in them is being trained.
      .map((run): RunSummary => (isLive || run.state !== 'live' ? run : { ...run, state: 'stopped' }));
    return { version, program: program(), folder: basename(resolve(this.folder)), isLive, runs };
  }

  /** Refreshes unless that was done within this time. */
  async ensureFresh(millis: number): Promise<void> {
    if (performance.now() - this.#refreshed >= millis) await this.refresh();
  }

  /** Reads what the files gained, and tells the subscribers. Calls at the same time share the work.
   * @throws the error of the operating system, when the folder cannot be read */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refreshAndTell().finally(() => {
      this.#refreshed = performance.now();
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  async #refreshAndTell(): Promise<void> {
    const changes = await this.#refresh();
    if (changes.runs.length === 0 && changes.removed.length === 0) return;
    for (const listener of this.#listeners) listener(changes);
  }

  async #refresh(): Promise<SourceChanges> {
    const { runs: found, remarks } = await findRuns(
      this.folder,
      this.runs.map(({ run }) => run.found),
    );
    const before = new Map(this.#runs);
    const now = new Map<string, { readonly known: KnownRun; readonly found: FoundRun }>();
    for (const one of found) {
      const id = idOf(one.path);
      now.set(id, { found: one, known: before.get(id) ?? new KnownRun(one) });
    }
    const room = roomBeside([...now.values()].map(({ known }) => known.run));
    const refreshed = await eachOf([...now.values()], concurrency, ({ known, found }) =>
      known.refresh(found, this.#read, room),
    );
    await this.evaluations.refresh(found);
    this.#runs.clear();
    for (const [id, { known }] of now) this.#runs.set(id, known);
    const time = Date.now();
    const changed = refreshed.flatMap(({ known, changes, hasOtherFacts }) => {
      const hasEvaluations = known.noteEvaluations(this.evaluations);
      const isOther = known.noteSummary(summaryOf(known, this.evaluations, time));
      const isChanged = changes.isChanged || hasOtherFacts || hasEvaluations || isOther;
      if (!isChanged) return [];
      known.revision++;
      return [{ known, changes, hasEvaluations, hasCheckpoint: hasOtherFacts }];
    });
    const removed = [...before.keys()].filter((id) => !now.has(id));
    if (changed.length > 0 || removed.length > 0 || remarks.join() !== this.remarks.join()) this.version++;
    this.remarks = remarks;
    return { runs: changed, removed };
  }
}
