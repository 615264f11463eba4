/** What a run gives to the thread that records it. */
import type { Float32Tensor } from '../tensor/tensor.ts';
import type { SummaryValue } from './event.ts';

/** A value as it is computed; the thread makes what is written of it. */
export type RecordedValue =
  | SummaryValue
  /** Becomes a histogram; with `sparsityTag` also the share of its values that are exactly 0, as a scalar. The thread takes
   * the memory. */
  | {
      readonly kind: 'tensor';
      readonly tag: string;
      readonly data: Float32Array;
      readonly sparsityTag?: string;
      readonly description?: string;
    }
  /** [C, H, W] with C of 1 or 3, becomes an image with TensorFlow's scaling. */
  | {
      readonly kind: 'picture';
      readonly tag: string;
      readonly image: Float32Tensor;
      readonly description?: string;
    };
