/** Reads the checkpoint with whose weights a new run starts. */
import { stat } from 'node:fs/promises';
import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointStore } from '../checkpoint/store.ts';
import type { Tensors } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import { initialVariables, type TrainingGraph } from '../training/training-graph.ts';
import { notACheckpoint } from './no-checkpoint.ts';

/** Reads the tensors of a checkpoint file, and checks them against the training graph.
 * @throws RunError for a folder, a damaged file, or a weight that is missing or has another shape */
export async function readInitialWeights(
  file: string,
  training: TrainingGraph,
  seed: number,
): Promise<Tensors> {
  await requireFile(file);
  const { tensors } = await readCheckpoint(file).catch(async (error: unknown) => {
    const takes = 'a .safetensors file';
    throw error instanceof RunError ? await notACheckpoint(file, error, 'initFrom', takes) : error;
  });
  // The result is not used: this call only checks the tensors. Training computes the variables again.
  initialVariables(training, seed, tensors);
  return tensors;
}

/** Requires the path not to be a folder.
 * @throws RunError for a folder, suggesting the newest checkpoint in it */
async function requireFile(file: string): Promise<void> {
  if ((await stat(file).catch(() => undefined))?.isDirectory() !== true) return;
  const inside = await new CheckpointStore(file, { keep: 0, onWarning: () => undefined }).paths();
  const example = inside.at(-1) ?? 'model.ckpt-<step>.safetensors';
  throw new RunError(
    `\`initFrom\` must be a checkpoint file, but ${file} is a folder; use a file in it, such as ${example}`,
  );
}
