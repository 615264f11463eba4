/** `cifar10 eval`: precision @ 1 of the newest checkpoint, or of every one that appears beside a running training. */
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Checkpoint, readCheckpoint } from '../../checkpoint/checkpoint.ts';
import { stepOfName } from '../../checkpoint/names.ts';
import { CheckpointStore } from '../../checkpoint/store.ts';
import { command } from '../../command.ts';
import { shellWord } from '../../disk/shell-word.ts';
import { requireOffered } from '../../engine/engines.ts';
import { RunError } from '../../errors.ts';
import { type EvaluationKey, EvaluationLog } from '../../evaluation/evaluation-log.ts';
import { Patience } from '../../training/patience.ts';
import { EvalReporter } from '../eval-reporter.ts';
import type { EvalFlags } from '../flag-table.ts';
import { CheckpointScorer } from './checkpoint-scorer.ts';
import type { CommandContext } from './context.ts';
import { requireTrustedFolders } from './folders.ts';

/** Returns whether it came to its end, rather than being stopped. */
export async function evalCommand(context: CommandContext<EvalFlags>): Promise<boolean> {
  const { flags, given, console, signal } = context;
  requireOffered(flags.engine, flags.precision);
  await requireTrustedFolders(flags, given, ['checkpointDir', 'evalDir', 'dataDir'], console.warn);
  const isFile = (await stat(flags.checkpointDir).catch(() => undefined))?.isFile() === true;
  const store = new CheckpointStore(flags.checkpointDir, { keep: 0, onWarning: console.warn });
  const log = await EvaluationLog.open(flags.evalDir);
  const scorer = new CheckpointScorer(context);
  const patience = new Patience(signal);
  const reporter = new EvalReporter(console, flags, log.file);
  try {
    if (isFile) await patience.for(scoreFile(flags, scorer, log));
    else if (flags.runOnce) await patience.for(scoreNewest(flags, store, scorer, log));
    else await patience.for(watch(context, store, scorer, log, reporter));
  } finally {
    await patience.for(scorer.release());
  }
  reporter.end(scorer.images, signal.aborted);
  return !signal.aborted;
}

/** Scores the one checkpoint that was named. */
async function scoreFile(flags: EvalFlags, scorer: CheckpointScorer, log: EvaluationLog): Promise<void> {
  const checkpoint = await readCheckpoint(flags.checkpointDir);
  const key = await keyOf(flags.checkpointDir, flags);
  await scoreAndLog(
    flags.checkpointDir,
    checkpoint,
    key && { ...key, globalStep: checkpoint.metadata.globalStep },
    scorer,
    log,
  );
}

async function scoreNewest(
  flags: EvalFlags,
  store: CheckpointStore,
  scorer: CheckpointScorer,
  log: EvaluationLog,
): Promise<void> {
  const found = await store.latest();
  if (found === undefined) {
    throw new RunError(
      `No checkpoint file found in ${flags.checkpointDir}. ` +
        `Train first: ${command(`train --train-dir ${shellWord(flags.checkpointDir)}`)}`,
    );
  }
  await scoreAndLog(found.path, found.checkpoint, await keyOf(found.path, flags), scorer, log);
}

/** A checkpoint that is scored again gets a new line in the log, but no second point in TensorBoard. */
async function scoreAndLog(
  path: string,
  checkpoint: Checkpoint,
  key: EvaluationKey | undefined,
  scorer: CheckpointScorer,
  log: EvaluationLog,
): Promise<void> {
  const isRecorded = key !== undefined && log.has({ ...key, report: false });
  const result = await scorer.score(path, checkpoint, isRecorded);
  if (result !== undefined && key !== undefined) await log.add(key, result);
}

/** Looks for checkpoints every `--eval-interval-secs` and scores each that is there once, oldest first. */
async function watch(
  { flags, console, signal }: CommandContext<EvalFlags>,
  store: CheckpointStore,
  scorer: CheckpointScorer,
  log: EvaluationLog,
  reporter: EvalReporter,
): Promise<void> {
  reporter.watching();
  /** Dealt with, one way or another. */
  const settled = new Set<string>();
  while (!signal.aborted) {
    const paths = await store.paths();
    if (paths.length === 0)
      console.line('No checkpoint file found', { kind: 'noCheckpoint', dir: flags.checkpointDir });
    for (const path of paths) {
      const key = await keyOf(path, flags);
      if (signal.aborted || key === undefined || settled.has(JSON.stringify(key))) continue;
      settled.add(JSON.stringify(key));
      if (log.has(key)) {
        reporter.alreadyScored(key);
        continue;
      }
      const checkpoint = await readIfThere(path, console.warn);
      if (checkpoint !== undefined) await scoreAndLog(path, checkpoint, key, scorer, log);
    }
    reporter.waits();
    await sleep(flags.evalIntervalSecs * 1000, undefined, { signal }).catch(() => undefined);
    console.progress(undefined);
  }
}

/** What evaluating this file would be; undefined where the training has deleted it meanwhile. */
async function keyOf(
  path: string,
  { evalData, weights, numExamples, report }: EvalFlags,
): Promise<EvaluationKey | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return undefined;
  const globalStep = stepOfName(basename(path)) ?? -1;
  return { checkpoint: path, globalStep, modified: found.mtimeMs, evalData, weights, numExamples, report };
}

async function readIfThere(path: string, onWarning: (text: string) => void): Promise<Checkpoint | undefined> {
  try {
    return await readCheckpoint(path);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    const isThere = await stat(path).then(
      () => true,
      () => false,
    );
    if (isThere) onWarning(`skipped a checkpoint: ${error.message}`);
    return undefined;
  }
}
