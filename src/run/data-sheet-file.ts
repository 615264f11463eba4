/** The pictures that every run leaves of its data: what it trains on, to be looked at. */
import { join } from 'node:path';
import { exists } from '../disk/exists.ts';
import { writeAside } from '../disk/write-aside.ts';
import { messageOf, StoppedError } from '../errors.ts';
import { drawDataSheet } from '../training/data-sheet-thread.ts';
import type { TrainingRun } from '../training/run-definition.ts';
import { imagesOf } from '../training/training-run.ts';

export const dataSheetName = 'data.png';

/** The number of examples per class, and the largest number of examples: enough to recognize the data, in a small file. */
const [usual, most] = [4, 200];

/** Draws examples of each class, as stored and as augmented in the first epoch, unless the folder has the file. A run does not
 * wait for it, except at its end. A failure causes a warning.
 * @param signal aborts drawing; a later run in the folder draws the images */
export async function leaveDataSheet(
  trainDir: string,
  { examples, network, seed, ...run }: TrainingRun,
  onWarning: (message: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const path = join(trainDir, dataSheetName);
  try {
    if (await exists(path)) return;
    const { augmentation } = imagesOf(run);
    const { imageShape } = network;
    const perClass = Math.min(usual, Math.max(1, Math.floor(most / examples.dataset.classes.length)));
    const options = { augmentation, imageShape, seed, perClass, mostClasses: most };
    const png = await drawDataSheet(examples, options, signal);
    if (signal?.aborted !== true) await writeAside(path, png);
  } catch (error) {
    if (error instanceof StoppedError) return;
    onWarning(`the pictures of the data cannot be written: ${messageOf(error)}`);
  }
}
