/** Draws the sheet of pictures that every run leaves in its folder, so that users can look at the data it trains on. */
import { join } from 'node:path';
import { exists } from '../disk/exists.ts';
import { writeAside } from '../disk/write-aside.ts';
import { messageOf, StoppedError } from '../errors.ts';
import { drawDataSheet } from '../training/data-sheet-thread.ts';
import type { TrainingRun } from '../training/run-definition.ts';
import { imagesOf } from '../training/training-run.ts';

export const dataSheetName = 'data.png';

/** The usual number of examples per class, and the maximum number in all. These are enough to recognize the data, and few
 * enough for a small file. */
const [usual, most] = [4, 200];

/** Draws examples of each class, as stored and as augmented in the first epoch, unless the folder already has the sheet. A run
 * waits for the drawing only at its end. A failure to draw or write the sheet causes a warning.
 * @param signal aborts the drawing; the next run in the folder then draws the sheet */
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
