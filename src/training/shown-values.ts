/** What training and evaluation show alike: the activations of a batch, and its first images. */
import type { Tensors } from '../engine/engine.ts';
import type { Value } from '../graph/graph.ts';
import type { Inference } from '../model/network.ts';
import type { GraphBuilder } from '../ops/builder.ts';
import { activationOf, pictureOf, type RecordedValue } from '../summary/recorded-value.ts';
import { tagOf } from '../summary/tags.ts';
import { float32, float32Data, type Shape, sizeOf } from '../tensor/tensor.ts';

/** How many of a batch's images are shown (r0.11, `image_summary` with 3). */
const shownImages = 3;

/** The name under which an activation is watched: the tag of its histogram (r0.11, `_activation_summary`). */
const activationTag = (activation: string): string => tagOf('activations', { activation }).tag;

/** What is shown of activations, under the tags of their histograms: themselves, those that are images as [H, W, N, C]. */
export function shownActivations(
  builder: GraphBuilder,
  { activations }: Inference,
): ReadonlyMap<string, Value> {
  return new Map(
    activations.map((activation) => [activationTag(activation.name), asComputed(builder, activation)]),
  );
}

/**
 * Images as [H, W, N, C], the order in which the ONNX engine keeps them: what is shown of them does not depend on any
 * order, and to turn them would take longer than to compute them there. oneDNN turns them either way.
 */
function asComputed({ op }: GraphBuilder, activation: Value): Value {
  if (activation.shape.length !== 4) return activation;
  return op('Transpose', { x: activation }, { order: [2, 3, 0, 1] }, `shown/${activation.name}`);
}

/** The histograms and sparsities of activations, by name, among what a step has returned. */
export function activationValues(names: readonly string[], outputs: Tensors): readonly RecordedValue[] {
  return names.flatMap((name) => {
    const tensor = outputs.get(activationTag(name));
    return tensor === undefined ? [] : [activationOf(name, float32Data(tensor))];
  });
}

/** The first images as the network sees them: `images/image/0` …, TensorFlow's tags.
 * @param images one or more of the shape, one behind the other */
export function imageValues(images: Float32Array, shape: Shape): readonly RecordedValue[] {
  const size = sizeOf(shape);
  const count = Math.min(shownImages, images.length / size);
  return Array.from({ length: count }, (_, index) => {
    const image = float32(shape, images.slice(index * size, (index + 1) * size));
    return pictureOf('image', image, { index });
  });
}
