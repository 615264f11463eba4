/**
 * A labeled sheet with images of a data set, with which users can look at the data before training. It shows some examples
 * of each class, as stored and as an augmentation makes them, before they are normalized.
 */
import { ExampleReader, type ExampleRecords, type Examples } from '../data/examples.ts';
import type { AugmentationName } from '../input/augmentation.ts';
import { makeImages } from '../input/augmentations.ts';
import { Canvas } from '../summary/canvas.ts';
import { drawGrid } from '../summary/draw-grid.ts';
import { escapedHtml } from '../summary/html.ts';
import { drawText, lettered, textHeight, textWidth } from '../summary/lettering.ts';
import type { Color, Picture } from '../summary/picture.ts';
import { pictureOfPlanes } from '../summary/picture.ts';
import { encodeImage } from '../summary/png.ts';
import type { Shape } from '../tensor/tensor.ts';

export interface SheetOptions {
  readonly augmentation: AugmentationName;
  /** The shape [C, H, W] of the images that the augmentation makes. */
  readonly imageShape: Shape;
  /** The seed of the augmentation. Images are augmented as in the first epoch of a run with this seed. */
  readonly seed: number;
  /** The number of examples per class. Default: 6. */
  readonly perClass?: number;
  /** The maximum number of classes to show, starting with the first. Default: all. */
  readonly mostClasses?: number;
}

/** The images of one class. */
interface ClassPictures {
  readonly name: string;
  readonly raw: readonly Picture[];
  /** The same examples after augmentation, in the same order. */
  readonly augmented: readonly Picture[];
}

/** Returns the images of the first examples of each class, in the order of the files. Classes without examples are omitted.
 * @throws RunError when the augmentation cannot make images of the shape in the options */
function picturesOf(
  examples: ExampleRecords,
  { augmentation, imageShape, seed, perClass = 6, mostClasses = Infinity }: SheetOptions,
): readonly ClassPictures[] {
  const { dataset } = examples;
  const reader = new ExampleReader(examples);
  // The values are 0 … 1, so that changes of brightness and contrast are visible.
  const { training, shape } = makeImages({ augmentation, normalization: 'none' }, imageShape, dataset);
  const image = new Float32Array(shape[0] * shape[1] * shape[2]);
  const augmented = (example: number): Picture => {
    training(image, reader.pixelsOf(example), { seed, epoch: 0, example });
    return pictureOfPlanes(
      Uint8Array.from(image, (value) => Math.min(255, Math.max(0, Math.round(value * 255)))),
      shape,
    );
  };
  return firstOfClasses(examples, Math.min(mostClasses, dataset.classes.length), perClass).flatMap(
    (found, label) => {
      if (found.length === 0) return [];
      const raw = found.map((example) => pictureOfPlanes(reader.pixelsOf(example), dataset.record.image));
      return [{ name: dataset.classes[label] ?? '', raw, augmented: found.map(augmented) }];
    },
  );
}

/** Returns the first examples of the first classes. */
function firstOfClasses(
  examples: ExampleRecords,
  classes: number,
  most: number,
): readonly (readonly number[])[] {
  const reader = new ExampleReader(examples);
  const found: number[][] = Array.from({ length: classes }, () => []);
  let missing = classes * most;
  for (let example = 0; example < examples.count && missing > 0; example++) {
    const ofClass = found[reader.labelOf(example)];
    if (ofClass === undefined || ofClass.length === most) continue;
    ofClass.push(example);
    missing--;
  }
  return found;
}

const white: Color = [255, 255, 255];
const ink: Color = [40, 40, 40];
/** The scale of letters, and the space between classes, in pixels. */
const [lettering, space] = [2, 10];
/** A name of up to this many letters always fits above the images of its class. */
const fewestLetters = 14;
/** The largest number of classes for which images are enlarged, and the approximate width of sheets in pixels. */
const [fewClasses, sheetWidth] = [20, 1600];

/** Draws the sheet as a PNG file. For each class, it has the name, a row of stored images, and a row of augmented images.
 * @throws RunError when the augmentation cannot make the images */
export function dataSheetPng(examples: ExampleRecords, options: SheetOptions): Uint8Array {
  const blocks = picturesOf(examples, options).map(({ name, raw, augmented }, _, { length }) => {
    const layout = { columns: raw.length, scale: length > fewClasses ? 1 : 2, gap: 2 };
    return { name, rows: [drawGrid(raw, layout), drawGrid(augmented, layout)] };
  });
  const all = blocks.flatMap(({ rows }) => rows);
  const title = textHeight(lettering) + 4;
  const longest = Math.max(...blocks.map(({ name }) => name.length), 0);
  const ofNames = textWidth(Math.min(fewestLetters, longest), lettering);
  const width = Math.max(...all.map((row) => row.width), ofNames) + space;
  const height =
    title +
    blocks.reduce(
      (most, { rows }) =>
        Math.max(
          most,
          rows.reduce((sum, row) => sum + row.height, 0),
        ),
      0,
    ) +
    space;
  const columns = Math.max(1, Math.min(Math.floor(sheetWidth / width), Math.ceil(Math.sqrt(blocks.length))));
  const canvas = new Canvas(
    columns * width + space,
    Math.ceil(blocks.length / columns) * height + space,
    white,
  );
  for (const [index, { name, rows }] of blocks.entries()) {
    const x = space + (index % columns) * width;
    let y = space + Math.floor(index / columns) * height;
    drawText(canvas, lettered(name, width - space, lettering), { x, y, scale: lettering, color: ink });
    y += title;
    for (const row of rows) {
      canvas.paste(row, x, y, 1);
      y += row.height;
    }
  }
  return encodeImage(canvas.picture).png;
}

/** Returns the sheet as a self-contained HTML page.
 * @throws RunError when the augmentation cannot make the images */
export function dataSheetHtml(examples: Examples, options: SheetOptions): string {
  const { dataset, split, count } = examples;
  const title = escapedHtml(dataset.title);
  const row = (pictures: readonly Picture[], what: string) => {
    const { width, height, png } = encodeImage(
      drawGrid(pictures, { columns: pictures.length, scale: 1, gap: 1 }),
    );
    const source = Buffer.from(png).toString('base64');
    return `<img alt="${what}" width="${2 * width}" height="${2 * height}" src="data:image/png;base64,${source}">`;
  };
  const classes = picturesOf(examples, options).map(({ name, raw, augmented }) => {
    const shown = escapedHtml(name);
    return `<section>\n<h2>${shown}</h2>\n${row(raw, `${shown}, as stored`)}\n${row(augmented, `${shown}, as augmented`)}\n</section>`;
  });
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}: examples of each class</title>
<style>
:root { color-scheme: light dark; font: 15px/1.4 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
main { display: flex; flex-wrap: wrap; gap: 1rem 2rem; }
h2 { font-size: 1em; margin: 0; overflow-wrap: anywhere; }
img { display: block; image-rendering: pixelated; max-width: 100%; height: auto; }
</style>
</head>
<body>
<h1>${title}</h1>
<p>${count.toLocaleString('en-US')} ${split === 'train' ? 'training' : 'test'} images in ${dataset.classes.length} classes, of which the first images of each class are shown.
Upper row: as stored. Lower row: as the augmentation ${options.augmentation} makes them in the first epoch, before they are normalized.</p>
<main>
${classes.join('\n')}
</main>
</body>
</html>
`;
}
