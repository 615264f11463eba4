/** Initial values of variables. Random values depend only on the seed and on the index of the variable in the network. */
import { RandomStream } from '../tensor/random.ts';
import { type Float32Tensor, float32, type Shape, sizeOf } from '../tensor/tensor.ts';

/** Makes the initial values of variable number `index` of the network. */
export type Initializer = (shape: Shape, seed: number, index: number) => Float32Tensor;

/** Makes an initializer that sets every value to the same number. */
export function constantInit(value: number): Initializer {
  return (shape) => float32(shape, new Float32Array(sizeOf(shape)).fill(value));
}

/**
 * A normal distribution with mean 0 and variance 2 / fan-in, which preserves the spread of activations through layers with
 * ReLU: K. He, X. Zhang, S. Ren, J. Sun, "Delving Deep into Rectifiers", ICCV 2015, equation 10; `kaiming_normal_` in PyTorch.
 * The fan-in is the number of inputs of an output: I · KH · KW for filters [O, I, KH, KW], and I for weights [I, units].
 */
export const heNormal: Initializer = (shape, seed, index) => {
  const [first = 1, ...others] = shape;
  const fanIn = shape.length === 4 ? sizeOf(others) : first;
  return drawn(shape, seed, index, (stream) => stream.normal() * Math.sqrt(2 / fanIn));
};

/** Draws from a normal distribution with mean 0. Values beyond two standard deviations are redrawn, which reduces the standard
 * deviation to 0.88 of the given one. */
export function truncatedNormal(standardDeviation: number): Initializer {
  return (shape, seed, index) =>
    drawn(shape, seed, index, (stream) => stream.truncatedNormal() * standardDeviation);
}

function drawn(
  shape: Shape,
  seed: number,
  index: number,
  draw: (stream: RandomStream) => number,
): Float32Tensor {
  const stream = new RandomStream(seed, 'weights', index);
  const values = new Float32Array(sizeOf(shape));
  for (let i = 0; i < values.length; i++) values[i] = draw(stream);
  return float32(shape, values);
}
