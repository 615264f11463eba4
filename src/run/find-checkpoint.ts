/** Finds the checkpoint that a path stands for: the newest of a training folder, or the file itself. */
import { stat } from 'node:fs/promises';
import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointStore, type FoundCheckpoint } from '../checkpoint/store.ts';
import { RunError } from '../errors.ts';
import { noCheckpoint, notACheckpoint } from './no-checkpoint.ts';

/** Whether a path is that of a file, and not of a folder or of nothing. */
export async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() === true;
}

/** Reads the checkpoint of a path.
 * @param path a training folder, whose newest undamaged checkpoint is read, or a checkpoint file
 * @param onWarning called for each checkpoint that was skipped
 * @throws RunError when there is no undamaged checkpoint, with the path that was probably meant */
export async function findCheckpoint(
  path: string,
  onWarning: (message: string) => void = () => undefined,
): Promise<FoundCheckpoint> {
  if (await isFile(path)) return { path, checkpoint: await readCheckpointFile(path) };
  const found = await new CheckpointStore(path, { keep: 0, onWarning }).latest();
  if (found === undefined) throw await noCheckpoint(path);
  return found;
}

/** Reads a checkpoint file that the option `checkpointDir` names.
 * @throws RunError when it is damaged, or not a checkpoint */
export async function readCheckpointFile(
  path: string,
  takes: string = 'a training folder or a .safetensors file',
): ReturnType<typeof readCheckpoint> {
  return readCheckpoint(path).catch(async (error: unknown) => {
    throw error instanceof RunError ? await notACheckpoint(path, error, 'checkpointDir', takes) : error;
  });
}
