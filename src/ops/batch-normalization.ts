/**
 * Batch normalization: S. Ioffe, C. Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal
 * Covariate Shift", ICML 2015, algorithm 1. Each channel has statistics over its n = N (or N · H · W) elements:
 *   mean = Σ x / n,  variance = Σ (x - mean)² / n,  x̂ = (x - mean) / √(variance + epsilon),  y = scale · x̂ + offset.
 * PyTorch and TensorFlow use the same formulas. Their running variances are averages of variance · n / (n - 1), which
 * `model/layers.ts` computes.
 */
import { GraphError } from '../errors.ts';
import type { Value } from '../graph/graph.ts';
import { describeType, type Shape, scalar, sizeOf, type TensorType } from '../tensor/tensor.ts';
import type { Apply, OpDefinition } from './definition.ts';
import { float32Type, requireSame, requireType } from './shapes.ts';

/** @throws GraphError unless x is float32 [N, C] or [N, C, H, W] and every vector float32 [C] */
function requireChannels(x: TensorType, vectors: Readonly<Record<string, TensorType>>): void {
  if (x.dtype !== 'float32' || (x.shape.length !== 2 && x.shape.length !== 4))
    throw new GraphError(`x must be float32 [N, C] or [N, C, H, W], found ${describeType(x)}`);
  const [, channels = 0] = x.shape;
  for (const [name, vector] of Object.entries(vectors)) {
    requireType(name, vector, 'float32', 'C');
    if (vector.shape[0] !== channels)
      throw new GraphError(`${name} must have the ${channels} channels of x, found ${describeType(vector)}`);
  }
}

/** y has the type of x, [N, C] or [N, C, H, W]; scale, offset, batchMean and batchVariance are [C]. */
export const fusedBatchNormV3: OpDefinition<'FusedBatchNormV3'> = {
  infer: ({ x, scale, offset }) => {
    requireChannels(x, { scale, offset });
    if (sizeOf(x.shape) === sizeOf(scale.shape))
      throw new GraphError(
        `x ${describeType(x)} has 1 value per channel, but batch statistics need 2 or more`,
      );
    const statistics = float32Type(scale.shape);
    return { y: float32Type(x.shape), batchMean: statistics, batchVariance: statistics };
  },
  gradient: {
    joint: ({ outputsOf, inputs: { x, scale }, outputs: { batchMean, batchVariance }, attributes, dy }) => {
      const inputs = { dy, x, scale, mean: batchMean, variance: batchVariance };
      const found = outputsOf('FusedBatchNormGradV3', inputs, attributes);
      return { x: found.y, scale: found.scaleGradient, offset: found.offsetGradient };
    },
  },
  float16: 'rounds',
  onnx: { expandedBy: 'engine/onnx/compile/expand-batch-normalization' },
  onednn: ({ inputs: { x, scale, offset }, attributes: { epsilon }, callAll }) => {
    const reads = { src: x, scale, shift: offset };
    const dims = { dst: x.dims, mean: scale.dims, variance: scale.dims };
    const { dst, mean, variance } = callAll('batch_normalization_forward', reads, dims, { epsilon });
    return { y: dst, batchMean: mean, batchVariance: variance };
  },
};

/** offsetGradient = Σ dy, scaleGradient = Σ dy · x̂, both [C];
 * dx = scale / √(variance + epsilon) · (dy - (offsetGradient + x̂ · scaleGradient) / n). */
export const fusedBatchNormGradV3: OpDefinition<'FusedBatchNormGradV3'> = {
  infer: ({ dy, x, scale, mean, variance }) => {
    requireSame('dy and x', dy, x);
    requireChannels(x, { scale, mean, variance });
    const vector = float32Type(scale.shape);
    return { y: float32Type(x.shape), scaleGradient: vector, offsetGradient: vector };
  },
  gradient: { notDifferentiable: 'second derivatives of batch normalization are not implemented' },
  float16: 'rounds',
  onnx: { expandedBy: 'engine/onnx/compile/expand-batch-normalization' },
  onednn: ({ inputs: { dy, x, scale, mean, variance }, attributes: { epsilon }, callAll }) => {
    // oneDNN 2.x requires a shift, although no gradient depends on it.
    const reads = { src: x, diffDst: dy, mean, variance, scale, shift: scale };
    const dims = { diffSrc: x.dims, diffScale: scale.dims, diffShift: scale.dims };
    const { diffSrc, diffScale, diffShift } = callAll('batch_normalization_backward', reads, dims, {
      epsilon,
    });
    return { y: diffSrc, scaleGradient: diffScale, offsetGradient: diffShift };
  },
};

/** y has the type of x, [N, C] or [N, C, H, W]; the other inputs are [C]. */
export const batchNormWithGlobalNormalization: OpDefinition<'BatchNormWithGlobalNormalization'> = {
  infer: ({ x, ...vectors }) => {
    requireChannels(x, vectors);
    return { y: float32Type(x.shape) };
  },
  gradient: {
    x: ({ op, inputs: { x, variance, scale }, attributes: { epsilon }, dy }) =>
      op('Mul', { a: dy, b: perChannel(op, factor(op, scale, variance, epsilon), x.shape) }),
    mean: ({ op, inputs: { variance, scale }, attributes: { epsilon }, dy }) =>
      op('Neg', {
        x: op('Mul', { a: op('BiasAddGrad', { dy }), b: factor(op, scale, variance, epsilon) }),
      }),
    // dy/dvariance = -scale · (x - mean) / 2(variance + epsilon)^(3/2)
    variance: ({ op, inputs: { x, mean, variance, scale }, attributes: { epsilon }, dy }) => {
      const sums = op('BiasAddGrad', { dy: op('Mul', { a: dy, b: centered(op, x, mean) }) });
      const slope = op('Div', { a: factor(op, scale, variance, epsilon), b: shifted(op, variance, epsilon) });
      return op('Mul', { a: op('Mul', { a: sums, b: slope }), b: number(op, -0.5) });
    },
    scale: ({ op, inputs: { x, mean, variance }, attributes: { epsilon }, dy }) => {
      const sums = op('BiasAddGrad', { dy: op('Mul', { a: dy, b: centered(op, x, mean) }) });
      return op('Div', { a: sums, b: deviation(op, variance, epsilon) });
    },
    offset: ({ op, dy }) => op('BiasAddGrad', { dy }),
  },
  float16: 'rounds',
  onnx: ({ inputs: { x, mean, variance, scale, offset }, attributes: { epsilon }, emit }) => ({
    y: emit('BatchNormalization', [x, scale, offset, mean, variance], { epsilon: { float: epsilon } }),
  }),
  onednn: ({ inputs: { x, mean, variance, scale, offset }, attributes: { epsilon }, call }) => {
    const reads = { src: x, mean, variance, scale, shift: offset };
    return { y: call('batch_normalization_forward', reads, x.dims, { epsilon }) };
  },
};

const number = (op: Apply, value: number) => op('Constant', {}, { value: scalar(value) });
const shifted = (op: Apply, variance: Value, epsilon: number) =>
  op('Add', { a: variance, b: number(op, epsilon) });

/** Returns √(variance + epsilon). */
export function deviation(op: Apply, variance: Value, epsilon: number): Value {
  return op('Sqrt', { x: shifted(op, variance, epsilon) });
}

/** Returns scale / √(variance + epsilon), [C]. */
export function factor(op: Apply, scale: Value, variance: Value, epsilon: number): Value {
  return op('Div', { a: scale, b: deviation(op, variance, epsilon) });
}

/** Reshapes a vector [C] to [C, 1, 1], which broadcasts over images. Over rows [N, C] a vector broadcasts as it is. */
function perChannel(op: Apply, vector: Value, shape: Shape): Value {
  return shape.length === 2 ? vector : op('Reshape', { x: vector }, { shape: [shape[1] ?? 1, 1, 1] });
}

function centered(op: Apply, x: Value, mean: Value): Value {
  return op('Sub', { a: x, b: perChannel(op, mean, x.shape) });
}
