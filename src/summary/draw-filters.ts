/** What the first layer looks for: its filters as little pictures. */
import { describeType, type Float32Tensor, float32 } from '../tensor/tensor.ts';
import { drawGrid } from './draw-grid.ts';
import type { Picture } from './picture.ts';
import { aroundZero, scaleImage } from './scale-image.ts';

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
