/** Initial values of variables. Random values depend only on the seed and on the index of the variable in the network. */
import { RandomStream } from '../tensor/random.ts';
import { type Float32Tensor, float32, type Shape, sizeOf } from '../tensor/tensor.ts';

/** Returns `count` training images that are spread evenly over all, or all if there are fewer: float32 [N, C, H, W], normalized, without
 * distortions. */
export type SampleImages = (count: number) => Float32Tensor;

/** Makes the initial values of variable number `index` of the network. Some initializers compute them from training images. They
 * throw a UsageError without `images`. */
export type Initializer = (
  shape: Shape,
  seed: number,
  index: number,
  images?: SampleImages | undefined,
) => Float32Tensor;

/** Makes an initializer that sets every value to the same number. */
export function constantInit(value: number): Initializer {
  return (shape) => float32(shape, new Float32Array(sizeOf(shape)).fill(value));
}

/**
 * A normal distribution with mean 0 and variance 2 / fan-in, which preserves the spread of activations through layers with
 * ReLU: K. He, X. Zhang, S. Ren, J. Sun, "Delving Deep into Rectifiers", ICCV 2015, equation 10; `kaiming_normal_` in PyTorch.
 */
export const heNormal: Initializer = (shape, seed, index) => {
  const scale = Math.sqrt(2 / fanInOf(shape));
  return drawn(shape, seed, index, (stream) => stream.normal() * scale);
};

/**
 * A uniform distribution over ±1 / √fan-in: the default of PyTorch's `Conv2d` and `Linear`. It has the variance 1 / (3 · fan-in) of
 * Y. LeCun et al., "Efficient BackProp", 1998, up to the factor 3.
 */
export const uniformByFanIn: Initializer = (shape, seed, index) => {
  const bound = 1 / Math.sqrt(fanInOf(shape));
  return drawn(shape, seed, index, (stream) => stream.between(-bound, bound));
};

/**
 * Filters [O, I, KH, KW] of which the first min(O, I) pass on their input channel unchanged: 1 at the central cell of channel i of
 * filter i, and 0 elsewhere (S. Zagoruyko, N. Komodakis, "DiracNets", 2017, arXiv:1706.00388; `dirac_` in PyTorch). The remaining
 * filters come from another initializer.
 */
export function diracThen(rest: Initializer): Initializer {
  return (shape, seed, index, images) => {
    const [filters = 0, channels = 0, rows = 1, columns = 1] = shape;
    const values = Float32Array.from(rest(shape, seed, index, images).data);
    const [cells, center] = [rows * columns, Math.floor(rows / 2) * columns + Math.floor(columns / 2)];
    const passed = Math.min(filters, channels);
    values.fill(0, 0, passed * channels * cells);
    for (let filter = 0; filter < passed; filter++) values[(filter * channels + filter) * cells + center] = 1;
    return float32(shape, values);
  };
}

/** Draws from a normal distribution with mean 0. Values beyond two standard deviations are redrawn, which reduces the standard
 * deviation to 0.88 of the given one. */
export function truncatedNormal(standardDeviation: number): Initializer {
  return (shape, seed, index) =>
    drawn(shape, seed, index, (stream) => stream.truncatedNormal() * standardDeviation);
}

/** Returns the number of inputs of an output: I · KH · KW for filters [O, I, KH, KW], and I for weights [I, units]. */
function fanInOf(shape: Shape): number {
  const [first = 1, ...others] = shape;
  return shape.length === 4 ? sizeOf(others) : first;
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
