/** The entry of a run in the list of runs. */
import { logFileName } from '../../run/run-log.ts';
import { tagOf } from '../../summary/tags.ts';
import type { RunState, RunSummary } from '../wire.ts';
import { type Evaluations, isUsual } from './evaluations.ts';
import type { KnownRun } from './source.ts';

/** How recent the last value of a run without a lock must be for the run to count as live. */
const liveMillis = 60_000;
/** How many curves of a run of another program are results. */
const mostResults = 8;

/** The results of this program's runs, by the tag of the curve whose newest value they are. */
const resultTags: readonly (readonly [name: string, tag: string])[] = [
  ['loss', tagOf('averagedLoss', { term: 'total_loss' }).tag],
  ['validation precision @ 1', tagOf('validationPrecision').tag],
  ['precision @ 1', tagOf('precision').tag],
  ['images/s', tagOf('examplesPerSecond').tag],
];

/** @param now milliseconds since 1970 */
export function summaryOf(known: KnownRun, evaluations: Evaluations, now: number): RunSummary {
  const { facts, shown: run } = known;
  const step = stepOf(known);
  return {
    id: run.id,
    path: run.path,
    state: stateOf(known, step, now),
    isRead: known.isRead,
    step,
    maxSteps: facts.maxSteps,
    started: finiteOrNull(run.started),
    changed: finiteOrNull(run.changed),
    settings: Object.keys(facts.settings).length > 0 ? facts.settings : run.hyperparameters,
    results: resultsOf(known, evaluations),
    scalars: [...run.scalars.keys()].sort(),
    histograms: tagsOf(known, 'histogram'),
    images: tagsOf(known, 'image'),
    has: {
      log: run.found.files.has(logFileName),
      checkpoint: facts.metadata !== undefined && facts.checkpoint !== undefined,
      evaluations: evaluations.of(run.found).length > 0,
    },
    remarks: [...(known.problem === undefined ? [] : [known.problem]), ...facts.remarks, ...run.remarks],
  };
}

/** The largest step of the values and the checkpoint. A checkpoint counts the steps taken, and values the steps before them. */
function stepOf({ shown: run, facts }: KnownRun): number | null {
  const steps = [run.step, facts.metadata?.globalStep ?? null].filter((step) => step !== null);
  return steps.length === 0 ? null : Math.max(...steps);
}

function stateOf({ shown: run, facts }: KnownRun, step: number | null, now: number): RunState {
  if (facts.isTraining) return 'live';
  if (facts.isOurs) {
    const isComplete = facts.maxSteps !== null && step !== null && step >= facts.maxSteps;
    return run.hasEnded || isComplete ? 'finished' : 'stopped';
  }
  const modified = Math.max(0, ...[...run.found.files.values()].map(({ modifiedMillis }) => modifiedMillis));
  return now - modified < liveMillis ? 'live' : 'finished';
}

function resultsOf(
  { shown: run, facts }: KnownRun,
  evaluations: Evaluations,
): Readonly<Record<string, number>> {
  const last = (tag: string) => run.pointsOf(tag)?.values.at(-1);
  const known = resultTags.map(([name, tag]) => [name, last(tag)] as const);
  const own =
    known.some(([, value]) => value !== undefined) || facts.isOurs
      ? known
      : [...run.scalars.keys()]
          .sort()
          .slice(0, mostResults)
          .map((tag) => [tag, last(tag)] as const);
  // Evaluations of fewer images (--num-examples) cannot be compared with those of all of them.
  const usual = evaluations.of(run.found).filter(isUsual);
  const most = Math.max(...usual.map(({ images }) => images));
  const newest = usual.findLast(({ images }) => images === most)?.precision;
  const all = newest === undefined ? own : [...own, ['precision @ 1', newest] as const];
  return Object.fromEntries(
    all.flatMap(([name, value]) =>
      value !== undefined && Number.isFinite(value) ? [[name, value] as const] : [],
    ),
  );
}

function tagsOf({ run }: KnownRun, kind: 'histogram' | 'image'): readonly string[] {
  return [...new Set(run.located.filter((one) => one.kind === kind).map(({ tag }) => tag))].sort();
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
