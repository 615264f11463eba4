/** First values of variables. Random ones are a function of the seed and of the variable's place in the network. */
import { RandomStream } from '../tensor/random.ts';
import { type Float32Tensor, float32, type Shape, sizeOf } from '../tensor/tensor.ts';

/** Makes the values of the variable that is number `index` in the network. */
export type Initializer = (shape: Shape, seed: number, index: number) => Float32Tensor;

export function constantInit(value: number): Initializer {
  return (shape) => float32(shape, new Float32Array(sizeOf(shape)).fill(value));
}

/** Normal around 0; draws beyond two standard deviations are drawn again, which leaves 0.88 of the deviation. */
export function truncatedNormal(standardDeviation: number): Initializer {
  return (shape, seed, index) => {
    const stream = new RandomStream(seed, 'weights', index);
    const values = Float32Array.from(
      { length: sizeOf(shape) },
      () => stream.truncatedNormal() * standardDeviation,
    );
    return float32(shape, values);
  };
}
