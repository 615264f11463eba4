/** All runs below a folder, which are read again on demand. */
import { basename, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { program } from '../../command.ts';
import { messageOf } from '../../errors.ts';
import { eachOf } from '../../parallel.ts';
import { version } from '../../version.ts';
import { oneLine } from '../../wording.ts';
import { idOf, type RunList, type RunSummary } from '../wire.ts';
import { Evaluations } from './evaluations.ts';
import { RunFacts } from './facts.ts';
import { type FoundRun, type FoundRuns, findRuns } from './find-runs.ts';
import { type Room, roomBeside } from './limits.ts';
import { leastForPreview } from './preview.ts';
import { withoutPaths } from './remark.ts';
import { type ReadPiece, Run, type RunChanges } from './run.ts';
import { summaryOf } from './summary.ts';

/** The number of runs that are read at the same time. */
const concurrency = 8;

/** The time between two notifications of the subscribers while many or large files are read, in milliseconds. */
const tellMillis = 500;
/** Large runs are read when nothing was requested for this time, because pages that open need the processor, but not later than after
 * the longest wait, in milliseconds. */
const [quietMillis, mostQuietMillis] = [150, 1500];

/** A run with what its other files say. */
export class KnownRun {
  readonly run: Run;
  /** A part of the points of a large run, until all of it has been read for the first time. */
  preview: Run | undefined;
  /** Whether everything that its files contained was read once. */
  isRead = false;
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

  /** The values that are known: a part of them, or all. */
  get shown(): Run {
    return this.preview ?? this.run;
  }

  /** Looks at a new run: what its other files say, and a few points if its files with values are large. */
  async open(found: FoundRun, read: ReadPiece): Promise<void> {
    try {
      await this.facts.refresh(found);
      if (this.run.unread < leastForPreview) return;
      const preview = new Run(found);
      await preview.refresh(found, (request) => read({ ...request, isPreview: true }));
      this.preview = preview;
    } catch {
      // Reading the run finds the same problem, and describes it.
    }
  }

  /** Reads what the files gained. A run that cannot be read does not affect the others: the problem is a remark. */
  async refresh(found: FoundRun, read: ReadPiece, room: Room): Promise<RefreshedRun> {
    try {
      const changes = await this.run.refresh(found, read, room);
      const hasOtherFacts = await this.facts.refresh(found);
      this.problem = undefined;
      // Viewers have the points of the preview.
      const isReplaced = changes.isReplaced || this.preview !== undefined;
      this.#noteRead();
      return { known: this, changes: { ...changes, isReplaced }, hasOtherFacts };
    } catch (error) {
      const problem = `cannot be read (${withoutPaths(oneLine(messageOf(error)))})`;
      const isNew = problem !== this.problem;
      this.problem = problem;
      this.#noteRead();
      // What was read before the error is not known: viewers fetch everything.
      return {
        known: this,
        changes: { ...noChanges, isChanged: isNew, isReplaced: isNew },
        hasOtherFacts: isNew,
      };
    }
  }

  #noteRead(): void {
    this.preview = undefined;
    this.isRead = true;
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
  ...{ isChanged: false, isReplaced: false, added: 0, hasImages: false, hasLog: false },
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
  readonly #read: ReadPiece;
  readonly #end: () => Promise<void>;
  #isClosed = false;
  readonly #runs = new Map<string, KnownRun>();
  /** What was left out, for people. */
  remarks: readonly string[] = [];
  #refreshing: Promise<void> | undefined;
  /** Resolves when every run that was found is in the list, with a preview if reading it takes long. */
  #shown: Promise<void> | undefined;
  #refreshed = Number.NEGATIVE_INFINITY;
  /** When something was requested last. */
  #asked = Number.NEGATIVE_INFINITY;
  readonly #listeners = new Set<(changes: SourceChanges) => void>();

  /** @param end releases what `read` uses */
  constructor(folder: string, read: ReadPiece, end: () => Promise<void> = async () => undefined) {
    this.folder = folder;
    this.#read = (request) =>
      this.#isClosed ? Promise.reject(new Error('the dashboard was closed')) : read(request);
    this.#end = end;
  }

  /** Ends the threads that read files. What is being read is left as it is. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#end();
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

  /** Refreshes unless that was done within this time. While new runs are read that are large, their previews are enough.
   * @throws the error of the operating system, when the folder cannot be read */
  async ensureFresh(millis: number): Promise<void> {
    this.#asked = performance.now();
    if (performance.now() - this.#refreshed < millis) return;
    const refreshing = this.refresh();
    await Promise.race([refreshing, this.#shown]);
  }

  /** Reads what the files gained, and tells the subscribers. Calls at the same time share the work.
   * @throws the error of the operating system, when the folder cannot be read */
  refresh(): Promise<void> {
    if (this.#refreshing !== undefined) return this.#refreshing;
    return this.#begin(
      findRuns(
        this.folder,
        this.runs.map(({ run }) => run.found),
      ),
    );
  }

  /** Finds the runs and begins to read them. Returns what was found.
   * @throws the error of the operating system, when the folder cannot be read */
  async begin(): Promise<FoundRuns> {
    const finding = findRuns(this.folder);
    // The next refresh finds what this one did not.
    this.#begin(finding).catch(() => undefined);
    return finding;
  }

  #begin(finding: Promise<FoundRuns>): Promise<void> {
    let onShown = () => {};
    this.#shown = new Promise((resolve) => {
      onShown = resolve;
    });
    this.#refreshing = this.#refresh(finding, onShown).finally(() => {
      this.#refreshed = performance.now();
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** @param onShown called when all runs are in the list */
  async #refresh(finding: Promise<FoundRuns>, onShown: () => void): Promise<void> {
    const { runs: found, remarks } = await finding;
    await this.evaluations.refresh(found);
    const before = new Map(this.#runs);
    const all = found.map((one): Looking => {
      const known = before.get(idOf(one.path)) ?? new KnownRun(one);
      return { known, found: one };
    });
    await eachOf(all, concurrency, ({ known, found }) =>
      known.isRead ? Promise.resolve() : known.open(found, this.#read),
    );
    this.#runs.clear();
    for (const { known } of all) this.#runs.set(known.run.id, known);
    const removed = [...before.keys()].filter((id) => !this.#runs.has(id));
    const added = all.filter(({ known }) => known.summary === undefined);
    for (const { known } of added) this.#noteSummary(known);
    if (added.length > 0 || removed.length > 0 || remarks.join() !== this.remarks.join()) this.version++;
    this.remarks = remarks;
    const [small, large] = [
      all.filter(({ known }) => known.preview === undefined),
      all.filter(({ known }) => known.preview !== undefined),
    ];
    const telling = new Telling((changes) => this.#tell(changes), removed);
    const room = roomBeside(all.map(({ known }) => known.run));
    const readRun = async ({ known, found }: Looking) => {
      if (this.#isClosed) return;
      const changed = this.#changesOf(await known.refresh(found, this.#read, room));
      if (changed !== undefined) telling.add(changed);
    };
    await eachOf(small, concurrency, readRun);
    if (large.length > 0) telling.tell();
    onShown();
    const end = performance.now() + mostQuietMillis;
    await eachOf(newestFirst(large), concurrency, async (one) => {
      await this.#waitForQuiet(end);
      return readRun(one);
    });
    telling.tell();
  }

  async #waitForQuiet(end: number): Promise<void> {
    while (!this.#isClosed) {
      const now = performance.now();
      const wait = Math.min(this.#asked + quietMillis, end) - now;
      if (wait <= 0) return;
      await sleep(wait);
    }
  }

  #tell(changes: SourceChanges): void {
    for (const listener of this.#listeners) listener(changes);
  }

  #noteSummary(known: KnownRun): boolean {
    return known.noteSummary(summaryOf(known, this.evaluations, Date.now()));
  }

  /** Notes what a refresh of a run changed. Returns undefined if that is nothing. */
  #changesOf({ known, changes, hasOtherFacts }: RefreshedRun): ChangedRun | undefined {
    const hasEvaluations = known.noteEvaluations(this.evaluations);
    const isOther = this.#noteSummary(known);
    if (!changes.isChanged && !hasOtherFacts && !hasEvaluations && !isOther) return undefined;
    known.revision++;
    this.version++;
    return { known, changes, hasEvaluations, hasCheckpoint: hasOtherFacts };
  }
}

interface Looking {
  readonly known: KnownRun;
  readonly found: FoundRun;
}

/** Collects what changed, and tells it at the end, and now and then while that takes long. */
class Telling {
  readonly #tell: (changes: SourceChanges) => void;
  #runs: ChangedRun[] = [];
  #removed: readonly string[];
  #told = performance.now();

  constructor(tell: (changes: SourceChanges) => void, removed: readonly string[]) {
    this.#tell = tell;
    this.#removed = removed;
  }

  add(run: ChangedRun): void {
    this.#runs.push(run);
    if (performance.now() - this.#told > tellMillis) this.tell();
  }

  tell(): void {
    const [runs, removed] = [this.#runs, this.#removed];
    this.#told = performance.now();
    if (runs.length === 0 && removed.length === 0) return;
    [this.#runs, this.#removed] = [[], []];
    this.#tell({ runs, removed });
  }
}

/** People look at the newest runs first. */
function newestFirst(runs: readonly Looking[]): readonly Looking[] {
  const time = ({ found }: Looking) =>
    Math.max(0, ...[...found.files.values()].map((file) => file.modifiedMillis));
  const timed = runs.map((one) => ({ one, time: time(one) }));
  return timed.toSorted((a, b) => b.time - a.time).map(({ one }) => one);
}
