// @ts-check
/**
 * Draws docs/pictures/generated-set.png: five examples of each class of the generated set, enlarged three times.
 *
 *     npm run build && node tools/draw_samples.mjs docs/pictures/generated-set.png
 */
import { writeFileSync } from 'node:fs';
import { imageSize, pixelsOf } from '../dist/data/record.js';
import { drawRecords } from '../dist/data/synthetic/generate.js';
import { drawGrid } from '../dist/summary/draw-grid.js';
import { encodeImage } from '../dist/summary/png.js';

const [file = 'generated-set.png'] = process.argv.slice(2);
const [columns, rows] = [10, 5];
const records = drawRecords('train', 0, columns * rows);
const pictures = Array.from({ length: columns * rows }, (_, index) => picture(pixelsOf(records, index)));
writeFileSync(file, encodeImage(drawGrid(pictures, { columns, scale: 3, gap: 2 })).png);

/** Converts planes of red, green and blue to pixels.
 * @param {Uint8Array} planes [3, 32, 32] */
function picture(planes) {
  const data = Uint8Array.from({ length: planes.length }, (_, at) => {
    const [pixel, channel] = [Math.floor(at / 3), at % 3];
    return planes[channel * imageSize ** 2 + pixel] ?? 0;
  });
  return { width: imageSize, height: imageSize, channels: /** @type {const} */ (3), data };
}
