/** The values of a summary as they are computed. The recorder thread converts them to the form that the files contain. */
import type { Float32Tensor } from '../tensor/tensor.ts';
import type { EncodedImage, PluginValue, SummaryContent } from './event.ts';
import { type Filling, type Tag, type TagNameOf, tagOf } from './tags.ts';

/** A value of a summary as it was computed. */
export type RecordedValue =
  | (Tag & Extract<SummaryContent, { kind: 'scalar' | 'histogram' | 'image' }>)
  | PluginValue
  /** Becomes a histogram and, if there is a `sparsity`, also a scalar with that tag: the fraction of values that are exactly 0.
   * The memory is transferred to the recorder thread. */
  | (Tag & { readonly kind: 'tensor'; readonly data: Float32Array; readonly sparsity?: Tag })
  /** An image [C, H, W] with 1 or 3 channels, which is scaled as in TensorFlow. */
  | (Tag & { readonly kind: 'picture'; readonly image: Float32Tensor });

export function scalarOf<N extends TagNameOf<'scalar'>>(
  name: N,
  value: number,
  ...filling: Filling<N>
): RecordedValue {
  return { ...tagOf(name, ...filling), kind: 'scalar', value };
}

/** Makes a value that becomes a histogram of the data. */
export function tensorOf<N extends TagNameOf<'histogram'>>(
  name: N,
  data: Float32Array,
  ...filling: Filling<N>
): RecordedValue {
  return { ...tagOf(name, ...filling), kind: 'tensor', data };
}

/** Makes a value of the outputs of a layer. It is recorded as a histogram, and as the fraction that is exactly 0. */
export function activationOf(activation: string, data: Float32Array): RecordedValue {
  return {
    ...tagOf('activations', { activation }),
    kind: 'tensor',
    data,
    sparsity: tagOf('sparsity', { activation }),
  };
}

/** @param image [C, H, W] with 1 or 3 channels. It is scaled as in TensorFlow */
export function pictureOf<N extends TagNameOf<'image'>>(
  name: N,
  image: Float32Tensor,
  ...filling: Filling<N>
): RecordedValue {
  return { ...tagOf(name, ...filling), kind: 'picture', image };
}

export function imageOf<N extends TagNameOf<'image'>>(
  name: N,
  image: EncodedImage,
  ...filling: Filling<N>
): RecordedValue {
  return { ...tagOf(name, ...filling), kind: 'image', image };
}
