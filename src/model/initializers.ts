/** Initial values of variables. Random ones depend only on the seed and the variable's index in the network. */
import { RandomStream } from '../tensor/random.ts';
import { type Float32Tensor, float32, type Shape, sizeOf } from '../tensor/tensor.ts';

/** Makes the initial values of variable number `index` of the network. */
export type Initializer = (shape: Shape, seed: number, index: number) => Float32Tensor;

export function constantInit(value: number): Initializer {
  return (shape) => float32(shape, new Float32Array(sizeOf(shape)).fill(value));
}

/** Normal with mean 0. Draws beyond two standard deviations are redrawn, which reduces the deviation to 0.88 of it. */
export function truncatedNormal(standardDeviation: number): Initializer {
  return (shape, seed, index) => {
    const stream = new RandomStream(seed, 'weights', index);
    const values = new Float32Array(sizeOf(shape));
    for (let i = 0; i < values.length; i++) values[i] = stream.truncatedNormal() * standardDeviation;
    return float32(shape, values);
  };
}
