/**
 * Smooth elementwise activations. GELU: D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units", 2016,
 * arXiv:1606.08415, section 2:
 *   y = x · Φ(x),  Φ(x) = (1 + erf(x / √2)) / 2, or approximately (1 + tanh(√(2/π) · (x + 0.044715 · x³))) / 2.
 * SiLU: the same paper, and S. Elfwing, E. Uchibe, K. Doya, Neural Networks 107, 2018:
 *   y = x · σ(x),  σ(x) = 1 / (1 + e^-x).
 */
import type { GeluAttributes } from '../graph/signature.ts';
import { scalar, type TensorType } from '../tensor/tensor.ts';
import type { Emit, OnnxContext, OpDefinition } from './definition.ts';
import { type PrimitiveContext, type Slot, type Unary, unary } from './primitives.ts';
import { float32Type, requireFloat32, requireSame } from './shapes.ts';

/** The constants of the tanh approximation: √(2/π) and the factor of x³. */
const [slope, cubic] = [Math.sqrt(2 / Math.PI), 0.044715];

const inferActivation = ({ x }: { x: TensorType }) => {
  requireFloat32('x', x);
  return { y: float32Type(x.shape) };
};
const inferGradient = ({ dy, x }: { dy: TensorType; x: TensorType }) => {
  requireFloat32('x', x);
  requireSame('dy and x', dy, x);
  return { y: float32Type(x.shape) };
};
const secondDerivative = { notDifferentiable: 'second derivatives of activations are not implemented' };

/** y = x · Φ(x). */
export const gelu: OpDefinition<'Gelu'> = {
  infer: inferActivation,
  gradient: { x: ({ op, inputs: { x }, attributes, dy }) => op('GeluGrad', { dy, x }, attributes) },
  float16: 'rounds',
  onnx: ({ inputs: { x }, attributes, ...context }) => ({
    y: context.emit('Mul', [x, distribution(context, attributes, x).phi]),
  }),
  onednn: ({ inputs: { x }, attributes, ...context }) => ({ y: unary(context, geluName(attributes), x) }),
};

/** dx = dy · (Φ(x) + x · Φ'(x)). */
export const geluGrad: OpDefinition<'GeluGrad'> = {
  infer: inferGradient,
  gradient: secondDerivative,
  float16: 'rounds',
  onnx: ({ inputs: { dy, x }, attributes, ...context }) => {
    const { phi, density } = distribution(context, attributes, x);
    const { emit } = context;
    return { y: emit('Mul', [dy, emit('Add', [phi, emit('Mul', [x, density()])])]) };
  },
  onednn: ({ inputs, attributes, call }) => ({ y: backward(call, geluName(attributes), inputs, 0) }),
};

/** y = x · σ(x). */
export const silu: OpDefinition<'Silu'> = {
  infer: inferActivation,
  gradient: { x: ({ op, inputs: { x }, dy }) => op('SiluGrad', { dy, x }) },
  float16: 'rounds',
  onnx: ({ inputs: { x }, emit }) => ({ y: emit('Mul', [x, emit('Sigmoid', [x])]) }),
  onednn: (context) => ({ y: unary(context, 'swish', context.inputs.x, 1) }),
};

/** dx = dy · σ(x) · (1 + x · (1 - σ(x))). */
export const siluGrad: OpDefinition<'SiluGrad'> = {
  infer: inferGradient,
  gradient: secondDerivative,
  float16: 'rounds',
  onnx: ({ inputs: { dy, x }, emit, constant }) => {
    const one = constant(scalar(1));
    const sigmoid = emit('Sigmoid', [x]);
    const rest = emit('Add', [emit('Mul', [x, emit('Sub', [one, sigmoid])]), one]);
    return { y: emit('Mul', [dy, emit('Mul', [sigmoid, rest])]) };
  },
  onednn: ({ inputs, call }) => ({ y: backward(call, 'swish', inputs, 1) }),
};

const geluName = ({ approximate }: GeluAttributes): Unary => (approximate ? 'geluTanh' : 'geluErf');

function backward(
  call: PrimitiveContext['call'],
  name: Unary,
  { dy, x }: { readonly dy: Slot; readonly x: Slot },
  alpha: number,
): Slot {
  return call('eltwise_backward', { src: x, diffDst: dy }, x.dims, { unary: name, alpha, beta: 0 });
}

type OnnxParts = Pick<OnnxContext<'Gelu'>, 'emit' | 'constant'>;

/** Computes Φ(x) and its derivative, the density of the normal distribution. */
function distribution({ emit, constant }: OnnxParts, { approximate }: GeluAttributes, x: string) {
  const number = (value: number) => constant(scalar(value));
  const multiply = (a: string, b: string) => emit('Mul', [a, b]);
  const add = (a: string, value: number) => emit('Add', [a, number(value)]);
  const times = (a: string, factor: number) => multiply(a, number(factor));
  if (!approximate) {
    const density = () =>
      times(exponential(emit, times(multiply(x, x), -0.5)), Math.SQRT1_2 / Math.sqrt(Math.PI));
    return { phi: add(times(emit('Erf', [times(x, Math.SQRT1_2)]), 0.5), 0.5), density };
  }
  const squares = multiply(x, x);
  const tanh = emit('Tanh', [multiply(x, add(times(squares, slope * cubic), slope))]);
  const density = () => {
    const own = emit('Sub', [number(0.5), times(multiply(tanh, tanh), 0.5)]);
    return multiply(own, add(times(squares, 3 * slope * cubic), slope));
  };
  return { phi: add(times(tanh, 0.5), 0.5), density };
}

const exponential = (emit: Emit, x: string) => emit('Exp', [x]);
