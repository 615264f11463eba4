/** Many small pictures as one: images, and the filters of the first layer. */
import { describeType, type Float32Tensor, float32 } from '../tensor/tensor.ts';
import { Canvas } from './canvas.ts';
import type { Colour, Picture } from './picture.ts';
import { aroundZero, scaleImage } from './scale-image.ts';

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

/**
 * Filters [O, 3, KH, KW] of red, green and blue images, in rows of about √O. All are scaled alike, w·127/max|w| + 128:
 * grey is 0, and a filter that hardly learnt anything is seen to be flat. What is not finite is red.
 * @throws RangeError when the shape is another.
 */
export function drawFilters(filters: Float32Tensor): Picture {
  const [count = 0, channels, height = 0, width = 0] = filters.shape;
  if (filters.shape.length !== 4 || channels !== 3) {
    throw new RangeError(`filters to be shown are [O, 3, rows, columns], these are ${describeType(filters)}`);
  }
  const sizes = filters.data.filter(Number.isFinite).map(Math.abs);
  const scaling = aroundZero(sizes.reduce((a, b) => Math.max(a, b), 0));
  const each = channels * height * width;
  const pictures = Array.from({ length: count }, (_, index) => {
    const filter = filters.data.subarray(index * each, (index + 1) * each);
    return scaleImage(float32([channels, height, width], filter), scaling);
  });
  return drawGrid(pictures, { scale: 6, gap: 2 });
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
