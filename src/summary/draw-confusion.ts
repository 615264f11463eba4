/** Draws a confusion matrix. */
import { Canvas } from './canvas.ts';
import type { Color, Picture } from './picture.ts';

/** The largest distance between neighboring cells, and the size that an image with this distance must not exceed, in pixels. */
const [largestPitch, usualSide] = [25, 1000];
/** The smallest distance between cells at which lines separate them. */
const leastWithLines = 5;
const lines: Color = [200, 200, 200];
const nothing: Color = [255, 255, 255];
const right: Color = [31, 119, 180];
const wrong: Color = [214, 39, 40];
const noExamples: Color = [230, 230, 230];

/**
 * Draws a square matrix `counts[label][predicted]`, with one row per true class from top to bottom, and one column per
 * predicted class. The color of a cell shows its fraction of the row: from white to blue on the diagonal, and from white to
 * red elsewhere. Red uses the square root of the fraction, so that one mistake in a hundred is visible. The row of a class
 * without examples is gray. Cells of many classes are smaller: 10 pixels for 100 classes, a single one for 1,000.
 * @throws RangeError when the matrix is empty or not square
 */
export function drawConfusion(counts: readonly (readonly number[])[]): Picture {
  requireSquare(counts);
  const pitch = Math.min(largestPitch, Math.max(1, Math.floor(usualSide / counts.length)));
  const line = pitch < leastWithLines ? 0 : 1;
  const cell = pitch - line;
  const side = counts.length * pitch + line;
  const canvas = new Canvas(side, side, lines);
  for (const [label, row] of counts.entries()) {
    const examples = row.reduce((a, b) => a + b, 0);
    for (const [predicted, count] of row.entries()) {
      const [x, y] = [line + predicted * pitch, line + label * pitch];
      const color = examples === 0 ? noExamples : cellColor(count / examples, label === predicted);
      canvas.fill({ x, y, width: cell, height: cell }, color);
    }
  }
  return canvas.picture;
}

function cellColor(share: number, isRight: boolean): Color {
  return isRight ? blend(nothing, right, share) : blend(nothing, wrong, Math.sqrt(share));
}

/** Interpolates between two colors, for a share from 0 to 1. */
function blend(from: Color, to: Color, share: number): Color {
  const mix = (a: number, b: number) => Math.round(a + (b - a) * share);
  return [mix(from[0], to[0]), mix(from[1], to[1]), mix(from[2], to[2])];
}

function requireSquare(counts: readonly (readonly number[])[]): void {
  if (counts.length > 0 && counts.every((row) => row.length === counts.length)) return;
  throw new RangeError(
    `a confusion matrix must be square, found ${counts.length} rows of ${counts.map((row) => row.length).join(', ')} counts`,
  );
}
