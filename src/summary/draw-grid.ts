/** Many small pictures as one. */
import { Canvas } from './canvas.ts';
import type { Colour, Picture } from './picture.ts';

const background: Colour = [255, 255, 255];

export interface GridLayout {
  /** Pictures in a row; as many rows as there are columns, or one less, if left out. */
  readonly columns?: number;
  /** Pixels of the grid for one pixel of a picture. */
  readonly scale: number;
  /** Pixels between two pictures, and around all. */
  readonly gap: number;
}

/** The pictures in rows, the first one in the upper left, on white.
 * @throws RangeError when there is none, or they differ in size. */
export function drawGrid(pictures: readonly Picture[], { columns: asked, scale, gap }: GridLayout): Picture {
  const { width, height } = sizeOfAll(pictures);
  const columns = Math.min(asked ?? Math.ceil(Math.sqrt(pictures.length)), pictures.length);
  const rows = Math.ceil(pictures.length / columns);
  const across = width * scale + gap;
  const down = height * scale + gap;
  const canvas = new Canvas(columns * across + gap, rows * down + gap, background);
  for (const [index, picture] of pictures.entries()) {
    const [row, column] = [Math.floor(index / columns), index % columns];
    canvas.paste(picture, gap + column * across, gap + row * down, scale);
  }
  return canvas.picture;
}

function sizeOfAll(pictures: readonly Picture[]): Picture {
  const [first] = pictures;
  if (first === undefined) throw new RangeError('a grid needs at least one picture, there is none');
  const other = pictures.find(({ width, height }) => width !== first.width || height !== first.height);
  if (other !== undefined) {
    throw new RangeError(
      `pictures of a grid must be of one size; one is ${first.width}×${first.height}, another ${other.width}×${other.height}`,
    );
  }
  return first;
}
