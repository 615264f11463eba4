/** Finds and reads the checkpoint that a request names. */
import { stat } from 'node:fs/promises';
import { readCheckpoint } from '../checkpoint/checkpoint.ts';
import { CheckpointStore, type FoundCheckpoint } from '../checkpoint/store.ts';
import { RunError } from '../errors.ts';
import { oneLine } from '../wording.ts';
import { noCheckpoint, notACheckpoint } from './no-checkpoint.ts';

/** Reads a checkpoint file, or the newest undamaged checkpoint of a training folder.
 * @param path the file or the folder, which the option `checkpointDir` names
 * @param takes what the option must be, for messages
 * @throws RunError when there is no checkpoint, or no undamaged one */
export async function openCheckpoint(
  path: string,
  onWarning: (message: string) => void,
  takes: string = 'a training folder or a .safetensors file',
): Promise<FoundCheckpoint> {
  const stats = await stat(path).catch(() => undefined);
  if (stats !== undefined && !stats.isFile() && !stats.isDirectory())
    throw new RunError(`${oneLine(path)} is neither a folder nor a file; \`checkpointDir\` must be ${takes}`);
  if (stats?.isFile() === true) {
    const checkpoint = await readCheckpoint(path).catch(async (error: unknown) => {
      throw error instanceof RunError ? await notACheckpoint(path, error, 'checkpointDir', takes) : error;
    });
    return { path, checkpoint };
  }
  const found = await newestCheckpoint(path, onWarning);
  if (found === undefined) throw await noCheckpoint(path);
  return found;
}

/** Reads the newest undamaged checkpoint of a folder, or returns undefined if there is none.
 * @throws RunError when there are only damaged ones */
export function newestCheckpoint(
  dir: string,
  onWarning: (message: string) => void,
): Promise<FoundCheckpoint | undefined> {
  return new CheckpointStore(dir, { keep: 0, onWarning }).latest();
}
