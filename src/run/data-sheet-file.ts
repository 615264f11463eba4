/** The file with example images that every run writes, so that users can look at the data. */
import { join } from 'node:path';
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { exists } from '../disk/exists.ts';
import { writeAside } from '../disk/write-aside.ts';
import { messageOf } from '../errors.ts';
import { dataSheetPng } from '../training/data-sheet.ts';
import type { TrainingRun } from '../training/run-definition.ts';
import { imagesOf } from '../training/training-run.ts';

export const dataSheetName = 'data.png';

/** The number of examples per class, and the largest number of examples. This is few enough that drawing them takes about as
 * long as a step. */
const [usual, most] = [4, 160];

/** Draws examples of each class, as stored and as augmented in the first epoch, unless the folder already has the file. The
 * run does not wait for it. A failure causes a warning. */
export async function leaveDataSheet(
  trainDir: string,
  { examples, network, seed, ...run }: TrainingRun,
  onWarning: (message: string) => void,
): Promise<void> {
  const path = join(trainDir, dataSheetName);
  try {
    if (await exists(path)) return;
    await yieldToEventLoop();
    const { augmentation } = imagesOf(run);
    const { imageShape } = network;
    const perClass = Math.min(usual, Math.max(1, Math.floor(most / examples.dataset.classes.length)));
    const options = { augmentation, imageShape, seed, perClass, mostClasses: most };
    await writeAside(path, dataSheetPng(examples, options));
  } catch (error) {
    onWarning(`cannot write the example images: ${messageOf(error)}`);
  }
}
