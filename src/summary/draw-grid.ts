/** Combines small images into one image, for images of a data set and for the filters of the first layer. */
import { describeType, type Float32Tensor, float32 } from '../tensor/tensor.ts';
import { Canvas } from './canvas.ts';
import type { Color, Picture } from './picture.ts';
import { aroundZero, scaleImage } from './scale-image.ts';

const background: Color = [255, 255, 255];

export interface GridLayout {
  /** The number of images per row. By default there are as many rows as columns, or one row fewer. */
  readonly columns?: number;
  /** The number of pixels in the grid per pixel of an image. */
  readonly scale: number;
  /** The number of pixels between images, and around the grid. */
  readonly gap: number;
}

/** Arranges images in rows on a white background, starting in the upper left corner.
 * @throws RangeError when there are no images, or their sizes differ */
export function drawGrid(
  pictures: readonly Picture[],
  { columns: requestedColumns, scale, gap }: GridLayout,
): Picture {
  const { width, height } = sizeOfAll(pictures);
  const columns = Math.min(requestedColumns ?? Math.ceil(Math.sqrt(pictures.length)), pictures.length);
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
 * Draws filters [O, 3, KH, KW] as red, green and blue images, in rows of about √O. All have the same scale, w·127/max|w| +
 * 128. Gray means 0, so untrained filters look flat. Values that are not finite are red.
 * @throws RangeError for any other shape
 */
export function drawFilters(filters: Float32Tensor): Picture {
  const [count = 0, channels, height = 0, width = 0] = filters.shape;
  if (filters.shape.length !== 4 || channels !== 3) {
    throw new RangeError(`filters must be [O, 3, rows, columns], found ${describeType(filters)}`);
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
  if (first === undefined) throw new RangeError('a grid needs at least one image, found none');
  const other = pictures.find(({ width, height }) => width !== first.width || height !== first.height);
  if (other !== undefined) {
    throw new RangeError(
      `images of a grid must have the same size, found ${first.width}×${first.height} and ${other.width}×${other.height}`,
    );
  }
  return first;
}
