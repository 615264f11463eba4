// @ts-check
/**
 * Draws docs/pictures/generated-set.png: five examples of each class of the generated set, enlarged three times.
 *
 *     npm run build && node tools/draw_samples.mjs docs/pictures/generated-set.png
 */
import { writeFileSync } from 'node:fs';
import { datasets } from '../dist/data/datasets.js';
import { ExampleReader } from '../dist/data/examples.js';
import { drawRecords } from '../dist/data/synthetic/generate.js';
import { drawGrid } from '../dist/summary/draw-grid.js';
import { pictureOfPlanes } from '../dist/summary/picture.js';
import { encodeImage } from '../dist/summary/png.js';

const [file = 'generated-set.png'] = process.argv.slice(2);
const [columns, rows] = [10, 5];
const dataset = datasets.synthetic;
const count = columns * rows;
const reader = new ExampleReader({ dataset, count, records: drawRecords('train', 0, count) });
const pictures = Array.from({ length: count }, (_, index) =>
  pictureOfPlanes(reader.pixelsOf(index), dataset.record.image),
);
writeFileSync(file, encodeImage(drawGrid(pictures, { columns, scale: 3, gap: 2 })).png);
