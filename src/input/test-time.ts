/**
 * Test-time augmentation: the network computes several views of each image, and what it computes is averaged. `full` has the views and
 * weights of K. Jordan, "94% on CIFAR-10 in 3.29 Seconds on a Single GPU", 2024, arXiv:2404.00498, section 3.5: half of the weight
 * for the image, and half for shifts by one pixel up and left, and down and right, each also mirrored.
 */
import type { Shape } from '../tensor/tensor.ts';
import { reflected } from './reflect.ts';

/** Over which views predictions are averaged: the image only, the image and its mirror image, or shifted images too. */
export type TestTimeAugmentation = (typeof testTimeChoices)[number];
export const testTimeChoices = ['none', 'mirror', 'full'] as const;

/** A version of an image. */
export interface View {
  /** The number of rows and of columns by which the image is shifted up and left. Pixels from outside are reflected at the border. */
  readonly shift: number;
  /** Whether the shifted image is mirrored horizontally. */
  readonly mirrored: boolean;
  /** The weight of the view in the average. The weights of all views add up to 1. */
  readonly weight: number;
}

const shiftedViews = (shift: number, weight: number): readonly View[] => [
  { shift, mirrored: false, weight: weight / 2 },
  { shift, mirrored: true, weight: weight / 2 },
];

/** The views by name. The first one is the image itself. */
export const testTimeViews: Readonly<Record<TestTimeAugmentation, readonly [View, ...View[]]>> = {
  none: [{ shift: 0, mirrored: false, weight: 1 }],
  mirror: viewsOf(shiftedViews(0, 1)),
  full: viewsOf([...shiftedViews(0, 0.5), ...shiftedViews(-1, 0.25), ...shiftedViews(1, 0.25)]),
};

function viewsOf([first, ...others]: readonly View[]): readonly [View, ...View[]] {
  return [first ?? { shift: 0, mirrored: false, weight: 1 }, ...others];
}

/** Writes a view of images to `view`.
 * @param images any number of images [C, H, W]
 * @param view an array of the same length */
export function writeView<T extends Float32Array | Uint8Array>(
  images: T,
  view: T,
  [, height = 1, width = 1]: Shape,
  { shift, mirrored }: View,
): T {
  const columns = Int32Array.from({ length: width }, (_, x) =>
    reflected((mirrored ? width - 1 - x : x) + shift, width),
  );
  for (let plane = 0; plane < images.length; plane += height * width)
    for (let y = 0; y < height; y++) {
      const [from, to] = [plane + reflected(y + shift, height) * width, plane + y * width];
      for (let x = 0; x < width; x++) view[to + x] = images[from + (columns[x] as number)] as number;
    }
  return view;
}
