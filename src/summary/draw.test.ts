import assert from 'node:assert/strict';
import { test } from 'node:test';
import { float32 } from '../tensor/tensor.ts';
import { drawConfusion } from './draw-confusion.ts';
import { drawFilters, drawGrid } from './draw-grid.ts';
import { type Color, colorAt, type Picture } from './picture.ts';

const white: Color = [255, 255, 255];
const onePixel = (color: Color): Picture => ({
  ...{ width: 1, height: 1, channels: 3 },
  data: Uint8Array.from(color),
});

test('a grid has enlarged images in rows, with gaps between them', () => {
  const colors: Color[] = [
    [1, 0, 0],
    [2, 0, 0],
    [3, 0, 0],
  ];
  const grid = drawGrid(colors.map(onePixel), { scale: 2, gap: 1 });
  const rows = Array.from({ length: grid.height }, (_, y) =>
    Array.from({ length: grid.width }, (_, x) => colorAt(grid, x, y)[0]).join(' '),
  );
  assert.deepEqual(rows, [
    '255 255 255 255 255 255 255',
    '255 1 1 255 2 2 255',
    '255 1 1 255 2 2 255',
    '255 255 255 255 255 255 255',
    '255 3 3 255 255 255 255',
    '255 3 3 255 255 255 255',
    '255 255 255 255 255 255 255',
  ]);
});

test('a grid of gray images can have few columns, or more columns than images', () => {
  const gray: Picture = { width: 2, height: 1, channels: 1, data: Uint8Array.of(7, 9) };
  const tall = drawGrid([gray, gray, gray], { columns: 1, scale: 1, gap: 0 });
  assert.deepEqual([tall.width, tall.height], [2, 3]);
  assert.deepEqual(colorAt(tall, 1, 2), [9, 9, 9]);
  const wide = drawGrid([gray], { columns: 5, scale: 1, gap: 0 });
  assert.deepEqual([wide.width, wide.height], [2, 1]);
});

test('a grid without images, or with images of different sizes, is refused', () => {
  assert.throws(
    () => drawGrid([], { scale: 1, gap: 0 }),
    /^RangeError: a grid needs at least one image, found none$/,
  );
  const small = onePixel(white);
  const wide: Picture = { width: 2, height: 1, channels: 1, data: new Uint8Array(2) };
  assert.throws(
    () => drawGrid([small, wide], { scale: 1, gap: 0 }),
    /^RangeError: images of a grid must have the same size, found 1×1 and 2×1$/,
  );
});

test('a confusion matrix is blue for correct predictions and red for wrong ones, according to the fraction of the row', () => {
  const picture = drawConfusion([
    [100, 0, 0],
    [25, 75, 0],
    [0, 0, 0],
  ]);
  const middle = (row: number, column: number) => colorAt(picture, 13 + 25 * column, 13 + 25 * row);
  assert.deepEqual([picture.width, picture.height], [76, 76]);
  assert.deepEqual(middle(0, 0), [31, 119, 180]);
  assert.deepEqual(middle(0, 1), white);
  assert.deepEqual(middle(1, 0), [235, 147, 148]); // half way to red, because the square root of a quarter is a half
  assert.deepEqual(middle(1, 1), [87, 153, 199]);
  assert.deepEqual(middle(2, 2), [230, 230, 230]);
  assert.deepEqual(colorAt(picture, 0, 0), [200, 200, 200]);
});

test('a matrix that is not square is refused', () => {
  assert.throws(
    () => drawConfusion([[1, 2]]),
    /^RangeError: a confusion matrix must be square, found 1 rows of 2 counts$/,
  );
});

test('all filters have the same scale, and are gray where they are 0', () => {
  const picture = drawFilters(float32([2, 3, 1, 1], [0, 1, -2, 0, 0, 1]));
  assert.deepEqual([picture.width, picture.height], [18, 10]);
  assert.deepEqual(colorAt(picture, 2, 2), [128, 191, 1]);
  assert.deepEqual(colorAt(picture, 10, 2), [128, 128, 191]);
  assert.deepEqual(colorAt(picture, 0, 0), white);
});

test('filters with 64 channels cannot be drawn', () => {
  assert.throws(
    () => drawFilters(float32([1, 64, 1, 1], new Float32Array(64))),
    /^RangeError: filters must be \[O, 3, rows, columns\], found float32 \[1, 64, 1, 1\]$/,
  );
});
