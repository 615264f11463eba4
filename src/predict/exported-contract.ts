/** The contract of ONNX files that `cifar10 export` writes, in Node.js and in pages: the names of input and outputs, and what
 * their `metadata_props` say about the pictures. */
import type { ImageShape } from '../data/record.ts';
import { json, listOf, type Reader, text, wholeNumber } from '../readers.ts';

/** The input, uint8 [N, S, S, 3]. */
export const imagesName = 'images';
/** The output, float32 [N, classes]. */
export const probabilitiesName = 'probabilities';

/** The greatest height and width of a picture. */
export const mostPixels = 4096;

/** The names of the classes, in the property `classes`. */
export const storedClasses: Reader<readonly string[]> = json(listOf(text));

const sizes = json(listOf(wholeNumber(1)));

/** The shape [3, S, S] of a picture in the property `image`, or undefined for any other shape. */
export function storedImage(value: unknown, where: string): ImageShape | undefined {
  const [channels, height, width, ...others] = sizes(value, where);
  if (channels !== 3 || height === undefined || height !== width || others.length > 0) return undefined;
  return height > mostPixels ? undefined : [3, height, height];
}

/** The number of updates, in the property `global_step`. */
export const storedStep: Reader<number> = json(wholeNumber(0));
