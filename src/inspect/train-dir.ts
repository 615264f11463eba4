/** Inspects a training folder: lists its checkpoints, and shows the contents of the newest undamaged one. */
import { readCheckpointMetadata } from '../checkpoint/checkpoint.ts';
import { CheckpointStore } from '../checkpoint/store.ts';
import { RunError } from '../errors.ts';
import { EventQueue } from '../events.ts';
import type { Findings, InspectFinding } from './findings.ts';
import { checkpointContents } from './safetensors.ts';

/** Yields what the folder contains. Damaged checkpoints are reported as warnings. */
export async function* inspectTrainDir(dir: string): Findings {
  const queue = new EventQueue<InspectFinding>();
  const onWarning = (message: string) => queue.push({ kind: 'warning', message });
  const store = new CheckpointStore(dir, { keep: 0, onWarning });
  const found = yield* queue.during(store.latest());
  const checkpoints = yield* queue.during(store.paths());
  yield { kind: 'run', dir, checkpoints };
  if (found === undefined) return;
  yield checkpointContents(found.path, found.checkpoint);
  // The checkpoints newer than this one are damaged. They were reported during the search for the newest undamaged one.
  for (const older of checkpoints.slice(0, checkpoints.indexOf(found.path))) {
    const damage = await damageOf(older);
    if (damage !== undefined) yield { kind: 'warning', message: `damaged checkpoint: ${damage}` };
  }
}

/** Returns what is wrong with the metadata of a checkpoint, or undefined if nothing is. */
async function damageOf(path: string): Promise<string | undefined> {
  try {
    await readCheckpointMetadata(path);
    return undefined;
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    return error.message;
  }
}
