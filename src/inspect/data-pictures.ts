/** Writes a file with examples of each class of a data set. */
import { extname } from 'node:path';
import type { Examples } from '../data/examples.ts';
import { requireWritableFile } from '../disk/writable.ts';
import { writeAside } from '../disk/write-aside.ts';
import { UsageError } from '../errors.ts';
import type { AugmentationName } from '../input/augmentation.ts';
import { augmentations } from '../input/augmentations.ts';
import { dataSheetHtml, dataSheetPng } from '../training/data-sheet.ts';

const endings = ['.png', '.html'];

/** @throws UsageError for a file name that does not end in .png or .html
 * @throws RunError for a file that cannot be written */
export async function requirePictureFile(file: string): Promise<void> {
  if (!endings.includes(extname(file).toLowerCase()))
    throw new UsageError(
      `\`pictures\`: found ${JSON.stringify(file)}, expected a file ending in .png or .html`,
    );
  await requireWritableFile(file);
}

/** Writes the images as PNG or HTML, depending on the ending of the file name. Replaces an existing file.
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
  await writeAside(file, bytes);
}
