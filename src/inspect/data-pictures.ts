/** Writes a file with examples of each class of a data set. */
import { dirname, extname } from 'node:path';
import type { Examples } from '../data/examples.ts';
import { writeAside } from '../disk/write-aside.ts';
import { messageOf, RunError, UsageError } from '../errors.ts';
import type { AugmentationName } from '../input/augmentation.ts';
import { augmentations } from '../input/augmentations.ts';
import { dataSheetHtml, dataSheetPng } from '../training/data-sheet.ts';

const endings = ['.png', '.html'];

/** @throws UsageError for a file name that does not end in .png or .html */
export function requirePictureFile(file: string): void {
  if (!endings.includes(extname(file).toLowerCase()))
    throw new UsageError(
      `\`pictures\`: found ${JSON.stringify(file)}, expected a file ending in .png or .html`,
    );
}

/** Writes the images as PNG or HTML, depending on the ending of the file name. Replaces an existing file. */
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
      `${file}: cannot be written (${messageOf(error)}). Use a file for \`pictures\` in a folder other than ${dirname(file)}.`,
      { cause: error },
    );
  }
}
