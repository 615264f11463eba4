/**
 * The contract of ONNX files that `cifar10 export` writes: one input with pixels, the outputs `probabilities` and `label`, and the
 * metadata that is needed to classify a picture.
 */

import { command } from '../command.ts';
import type { ImageShape } from '../data/record.ts';
import { type OnnxInterface, onnxInterface } from '../engine/onnx/inspect/interface.ts';
import { RunError } from '../errors.ts';
import type { Weights } from '../evaluation/weights.ts';
import { counted, oneLine } from '../wording.ts';
import { imagesName, mostPixels, probabilitiesName, storedClasses, storedStep } from './exported-contract.ts';

export interface ExportedFile {
  readonly classes: readonly string[];
  /** The shape [3, S, S] of the pixels of a picture. */
  readonly image: ImageShape;
  readonly globalStep: number;
  /** Which of the weights of the run the file contains. */
  readonly weights: Weights;
  /** The name of the recipe, and the name of its augmentation. */
  readonly recipe: string;
  readonly augmentation: string;
}

/** Reads what an exported file says about itself.
 * @throws RunError when the bytes are not an ONNX model, or one that `cifar10 export` did not write, with what is missing */
export function readExportedFile(file: string, bytes: Uint8Array): ExportedFile {
  const found = onnxInterface(file, bytes);
  const property = (name: string): string => {
    const value = found.metadata.get(name);
    if (value === undefined) throw foreign(file, `no ${name} in its metadata_props`);
    return value;
  };
  const where = (name: string) => `${file}: metadata_props ${name}`;
  const classes = storedClasses(property('classes'), where('classes'));
  property('image');
  return {
    classes,
    image: imageShapeOf(file, found, classes.length),
    globalStep: storedStep(property('global_step'), where('global_step')),
    recipe: found.metadata.get('recipe') ?? 'unknown',
    weights: found.metadata.get('weights') === 'raw' ? 'raw' : 'ema',
    augmentation: found.metadata.get('augmentation') ?? 'unknown',
  };
}

/** Checks the types of the input and of the output, and returns the shape of a picture. */
function imageShapeOf(file: string, { inputs, outputs }: OnnxInterface, classes: number): ImageShape {
  const images = inputs.get(imagesName);
  if (images === undefined) throw foreign(file, `no input ${imagesName}`);
  const [count, height, width, channels] = images.shape;
  const isPictures = images.dtype === 'uint8' && images.shape.length === 4 && channels === 3;
  const isFree = typeof count === 'string';
  const isSquare = typeof height === 'number' && height === width && height <= mostPixels;
  if (!isPictures || !isFree || !isSquare)
    throw foreign(
      file,
      `an input ${imagesName} of ${typeText(images)}, not of uint8 [N, S, S, 3] for any N and at most ${mostPixels} for S`,
    );
  const probabilities = outputs.get(probabilitiesName);
  if (probabilities === undefined) throw foreign(file, `no output ${probabilitiesName}`);
  if (probabilities.dtype !== 'float32' || probabilities.shape[1] !== classes)
    throw foreign(
      file,
      `an output ${probabilitiesName} of ${typeText(probabilities)}, not of float32 [N, ${classes}] for its ` +
        counted(classes, 'class', 'classes'),
    );
  return [3, height, height];
}

function typeText({ dtype, shape }: { readonly dtype: string; readonly shape: readonly unknown[] }): string {
  return oneLine(`${dtype} [${shape.join(', ')}]`);
}

function foreign(file: string, has: string): RunError {
  return new RunError(
    `${file}: not an ONNX file of the export format onnx: it has ${has}. Such a file takes pictures, and contains all that ` +
      `is needed to classify them. Write one with: ${command('export --format onnx')}`,
  );
}
