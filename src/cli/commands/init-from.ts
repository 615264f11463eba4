/** `--init-from`: the checkpoint whose weights a new run starts from. */
import { stat } from 'node:fs/promises';
import { readCheckpoint } from '../../checkpoint/checkpoint.ts';
import { CheckpointStore, type FoundCheckpoint } from '../../checkpoint/store.ts';
import type { Tensors } from '../../engine/engine.ts';
import { RunError } from '../../errors.ts';
import type { Recipe } from '../../training/run.ts';
import { buildTrainingGraph, initialVariables } from '../../training/training-graph.ts';

/** The tensors of that checkpoint, undefined where none is asked for.
 * @throws RunError when there is a run to go on with already, or the file does not serve: before data is fetched, and
 * before a run is moved aside. */
export async function startingPoint(
  file: string | undefined,
  trainDir: string,
  resume: FoundCheckpoint | undefined,
  recipe: Recipe,
): Promise<Tensors | undefined> {
  if (file === undefined) return undefined;
  if (resume !== undefined) {
    throw new RunError(
      `--init-from starts a new run, and ${trainDir} holds one: give another --train-dir, or --restart`,
    );
  }
  await requireFile(file);
  const { tensors } = await readCheckpoint(file);
  // What is made of them is thrown away: only whether they fit is asked here.
  initialVariables(buildTrainingGraph(recipe), recipe.seed, tensors);
  return tensors;
}

/** @throws RunError for a folder, with the file that may be meant. */
async function requireFile(file: string): Promise<void> {
  if ((await stat(file).catch(() => undefined))?.isDirectory() !== true) return;
  const inside = await new CheckpointStore(file, { keep: 0, onWarning: () => undefined }).paths();
  const such = inside.at(-1) ?? 'model.ckpt-<step>.safetensors';
  throw new RunError(
    `--init-from takes a checkpoint file, and ${file} is a folder; give a file in it, such as ${such}`,
  );
}
