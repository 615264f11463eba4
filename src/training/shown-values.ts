/** The values that both training and evaluation show: the activations of a batch, and its first images. */
import type { Tensors } from '../engine/engine.ts';
import type { Value } from '../graph/graph.ts';
import type { Inference } from '../model/network.ts';
import type { GraphBuilder } from '../ops/builder.ts';
import { activationOf, pictureOf, type RecordedValue } from '../summary/recorded-value.ts';
import { tagOf } from '../summary/tags.ts';
import { float32, float32Data, type Shape, sizeOf, type Tensor } from '../tensor/tensor.ts';

/** The number of images of a batch to show (three, as in the call of `image_summary` in r0.11). */
const shownImages = 3;

/** Returns the name under which an activation is watched: the tag of its histogram (r0.11, `_activation_summary`). */
const activationTag = (activation: string): string => tagOf('activations', { activation }).tag;

/** Watches the activations under the tags of their histograms. Four-dimensional activations become [H, W, N, C]. */
export function shownActivations(
  builder: GraphBuilder,
  { activations }: Inference,
): ReadonlyMap<string, Value> {
  return new Map(
    activations.map((activation) => [activationTag(activation.name), asComputed(builder, activation)]),
  );
}

/**
 * Converts four-dimensional activations to [H, W, N, C], the order in which the ONNX engine keeps them. Histograms do not
 * depend on the order, and transposing back would take longer than computing the histograms. The oneDNN engine transposes in
 * any case.
 */
function asComputed({ op }: GraphBuilder, activation: Value): Value {
  if (activation.shape.length !== 4) return activation;
  return op('Transpose', { x: activation }, { order: [2, 3, 0, 1] }, `shown/${activation.name}`);
}

/** Returns the histograms and sparsities of the named activations, from the results of a step.
 * @param count the number of images in the batch; the other rows are padding. Default: all rows */
export function activationValues(
  names: readonly string[],
  outputs: Tensors,
  count?: number,
): readonly RecordedValue[] {
  return names.flatMap((name) => {
    const tensor = outputs.get(activationTag(name));
    return tensor === undefined ? [] : [activationOf(name, valuesOfImages(tensor, count))];
  });
}

/** Returns the values of the first `count` images from an activation [H, W, N, C] or [N, C]. */
function valuesOfImages(tensor: Tensor, count?: number): Float32Array {
  const data = float32Data(tensor);
  const [rows = 0, channels = 1] = tensor.shape.slice(-2);
  if (count === undefined || count === rows) return data;
  const [from, to] = [rows * channels, count * channels];
  const values = new Float32Array((data.length / from) * to);
  for (let place = 0; place * to < values.length; place++)
    values.set(data.subarray(place * from, place * from + to), place * to);
  return values;
}

/** Returns the first images as the network receives them, with TensorFlow's tags `images/image/0` …
 * @param images one or more images of shape `shape`, concatenated */
export function imageValues(images: Float32Array, shape: Shape): readonly RecordedValue[] {
  const size = sizeOf(shape);
  const count = Math.min(shownImages, images.length / size);
  return Array.from({ length: count }, (_, index) => {
    const image = float32(shape, images.slice(index * size, (index + 1) * size));
    return pictureOf('image', image, { index });
  });
}
