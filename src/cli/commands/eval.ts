/** `cifar10 eval`: precision @ 1 of the newest checkpoint, or of every one that appears beside a running training. */
import { appendFile, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Checkpoint, readCheckpoint } from '../../checkpoint/checkpoint.ts';
import { CheckpointStore } from '../../checkpoint/store.ts';
import { requireOffered } from '../../engine/engines.ts';
import { messageOf, RunError } from '../../errors.ts';
import type { EvalFlags } from '../flag-table.ts';
import { CheckpointScorer } from './checkpoint-scorer.ts';
import type { CommandContext } from './context.ts';

/** Returns whether it came to its end, rather than being stopped. */
export async function evalCommand(context: CommandContext<EvalFlags>): Promise<boolean> {
  const { flags, console, signal } = context;
  requireOffered(flags.engine, flags.precision);
  const store = new CheckpointStore(flags.checkpointDir, { keep: 0, onWarning: console.warn });
  const scorer = new CheckpointScorer(context);
  try {
    if (!flags.runOnce) return await watch(context, store, scorer);
    const found = await store.latest();
    if (found === undefined) {
      throw new RunError(
        `No checkpoint file found in ${flags.checkpointDir}. ` +
          `Train first: cifar10 train --train-dir ${flags.checkpointDir}`,
      );
    }
    await scoreAndRecord(flags, scorer, found.path, found.checkpoint);
    return !signal.aborted;
  } finally {
    await scorer.release();
  }
}

/** Looks for checkpoints every `--eval-interval-secs` and scores each that is there once, oldest first. */
async function watch(
  { flags, console, signal }: CommandContext<EvalFlags>,
  store: CheckpointStore,
  scorer: CheckpointScorer,
): Promise<boolean> {
  const seen = new Set<string>();
  while (!signal.aborted) {
    const paths = await store.paths();
    if (paths.length === 0)
      console.line('No checkpoint file found', { kind: 'noCheckpoint', dir: flags.checkpointDir });
    for (const path of paths) {
      const version = await versionOf(path);
      if (signal.aborted || version === undefined || seen.has(version)) continue;
      seen.add(version);
      const checkpoint = await readIfThere(path, console.warn);
      if (checkpoint !== undefined) await scoreAndRecord(flags, scorer, path, checkpoint);
    }
    await sleep(flags.evalIntervalSecs * 1000, undefined, { signal }).catch(() => undefined);
  }
  return false;
}

/** A path and the time of its writing; undefined where the training has deleted it meanwhile. */
async function versionOf(path: string): Promise<string | undefined> {
  return stat(path).then(
    ({ mtimeMs }) => `${path}:${mtimeMs}`,
    () => undefined,
  );
}

async function readIfThere(path: string, onWarning: (text: string) => void): Promise<Checkpoint | undefined> {
  try {
    return await readCheckpoint(path);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    if ((await versionOf(path)) !== undefined) onWarning(`skipped a checkpoint: ${error.message}`);
    return undefined;
  }
}

/** Scores a checkpoint and adds a line to `evaluations.jsonl` in the evaluation folder. */
async function scoreAndRecord(
  { evalDir }: EvalFlags,
  scorer: CheckpointScorer,
  path: string,
  checkpoint: Checkpoint,
): Promise<void> {
  const result = await scorer.score(path, checkpoint);
  if (result === undefined) return; // stopped meanwhile
  const file = join(evalDir, 'evaluations.jsonl');
  try {
    await mkdir(evalDir, { recursive: true });
    await appendFile(file, `${JSON.stringify({ time: new Date().toISOString(), ...result })}\n`);
  } catch (error) {
    throw new RunError(
      `${file}: the result cannot be written (${messageOf(error)}). Give another --eval-dir.`,
    );
  }
}
