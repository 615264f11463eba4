/** Draws examples of each class of a data set into a file. */
import { dirname, extname } from 'node:path';
import type { Examples } from '../data/examples.ts';
import { writeAside } from '../disk/write-aside.ts';
import { messageOf, RunError, UsageError } from '../errors.ts';
import type { AugmentationName } from '../input/augmentation.ts';
import { augmentations } from '../input/augmentations.ts';
import { dataSheetHtml, dataSheetPng } from '../training/data-sheet.ts';

const endings = ['.png', '.html'];

/** @throws UsageError for a file name with another ending */
export function requirePictureFile(file: string): void {
  if (!endings.includes(extname(file).toLowerCase()))
    throw new UsageError(
      `\`pictures\`: found ${JSON.stringify(file)}, expected a file ending in .png or .html`,
    );
}

/** Writes the pictures as PNG or HTML, by the ending of the file name. An existing file is replaced.
 * @throws RunError when it cannot be written */
export async function drawData(
  file: string,
  examples: Examples,
  augmentation: AugmentationName,
): Promise<void> {
  const imageShape = augmentations[augmentation].usual(examples.dataset.record.image);
  const options = { augmentation, imageShape, seed: 0 };
  const isPng = extname(file).toLowerCase() === '.png';
  const bytes = isPng
    ? dataSheetPng(examples, options)
    : new TextEncoder().encode(dataSheetHtml(examples, options));
  try {
    await writeAside(file, bytes);
  } catch (error) {
    throw new RunError(
      `${file}: the pictures cannot be written (${messageOf(error)}). Give \`pictures\` a file in another folder than ${dirname(file)}.`,
      { cause: error },
    );
  }
}
