/** The pictures that every run leaves of its data: what it trains on, to be looked at. */
import { join } from 'node:path';
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { exists } from '../disk/exists.ts';
import { writeAside } from '../disk/write-aside.ts';
import { messageOf } from '../errors.ts';
import { dataSheetPng } from '../training/data-sheet.ts';
import type { TrainingRun } from '../training/run-definition.ts';
import { imagesOf } from '../training/training-run.ts';

export const dataSheetName = 'data.png';

/** Few enough that it takes about as long as a step. */
const few = { perClass: 4, mostClasses: 40 };

/** Draws examples of each class, as stored and as augmented in the first epoch, unless the folder has the file. A run does not
 * wait for it. A failure is a warning. */
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
    await writeAside(path, dataSheetPng(examples, { augmentation, imageShape, seed, ...few }));
  } catch (error) {
    onWarning(`the pictures of the data cannot be written: ${messageOf(error)}`);
  }
}
