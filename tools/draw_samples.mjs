// @ts-check
/**
 * Draws docs/pictures/generated-set.png: ten examples of each class of the generated set, enlarged four times.
 *
 *     npm run build && node tools/draw_samples.mjs docs/pictures/generated-set.png
 *
 * The PNG is written with nothing but zlib: signature, IHDR, IDAT, IEND (PNG specification, third edition, 5 and 11).
 */
import { writeFileSync } from 'node:fs';
import { crc32, deflateSync } from 'node:zlib';
import { imageSize, pixelsOf } from '../dist/data/record.js';
import { drawRecords } from '../dist/data/synthetic/generate.js';

const [file = 'generated-set.png'] = process.argv.slice(2);
const [columns, rows, zoom, gap] = [10, 5, 3, 2];
const records = drawRecords('train', 0, columns * rows);
const [width, height] = [columns, rows].map((count) => count * (imageSize * zoom + gap) - gap);

const raw = Buffer.alloc(height * (1 + width * 3), 255);
for (let y = 0; y < height; y++) {
  raw[y * (1 + width * 3)] = 0; // every line unfiltered
  for (let x = 0; x < width; x++) {
    const cell = imageSize * zoom + gap;
    const [column, row] = [Math.floor(x / cell), Math.floor(y / cell)];
    const [px, py] = [Math.floor((x % cell) / zoom), Math.floor((y % cell) / zoom)];
    if (px >= imageSize || py >= imageSize) continue;
    const pixels = pixelsOf(records, row * columns + column);
    for (let channel = 0; channel < 3; channel++) {
      raw[y * (1 + width * 3) + 1 + x * 3 + channel] =
        pixels[(channel * imageSize + py) * imageSize + px] ?? 0;
    }
  }
}
const header = Buffer.alloc(13);
header.writeUInt32BE(width, 0);
header.writeUInt32BE(height, 4);
header.set([8, 2, 0, 0, 0], 8); // 8 bits, RGB
writeFileSync(
  file,
  Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(raw, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]),
);

/** @param {string} type @param {Buffer} data */
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
