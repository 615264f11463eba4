/**
 * Smooth elementwise activations. GELU: D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units", 2016,
 * arXiv:1606.08415, section 2:
 *   y = x · Φ(x),  Φ(x) = (1 + erf(x / √2)) / 2, or approximately (1 + tanh(√(2/π) · (x + 0.044715 · x³))) / 2.
 * SiLU: the same paper, and S. Elfwing, E. Uchibe, K. Doya, Neural Networks 107, 2018:
 *   y = x · σ(x),  σ(x) = 1 / (1 + e^-x).
 */
import type { GeluAttributes } from '../graph/signature.ts';
import { scalar, type TensorType } from '../tensor/tensor.ts';
import type { OnnxContext, OpDefinition } from './definition.ts';
import { type PrimitiveContext, type Slot, type Unary, unary } from './primitives.ts';
import { float32Type, requireFloat32, requireSame } from './shapes.ts';

/** The constants of the tanh approximation: √(2/π) and the factor of x³. */
const [root, cubic] = [Math.sqrt(2 / Math.PI), 0.044715];

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
    const { phi, slope } = distribution(context, attributes, x);
    const { emit } = context;
    return { y: emit('Mul', [dy, emit('Add', [phi, slope()])]) };
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

/** Computes Φ(x), and x · Φ'(x), where Φ' is the density of the normal distribution. ONNX Runtime reads and writes whole tensors for each
 * operator, so there are as few operators as possible: HardSigmoid computes t / 2 + 1 / 2 for t from -1 to 1. */
function distribution({ emit, constant }: OnnxParts, { approximate }: GeluAttributes, x: string) {
  const number = (value: number) => constant(scalar(value));
  const multiply = (a: string, b: string) => emit('Mul', [a, b]);
  const add = (a: string, value: number) => emit('Add', [a, number(value)]);
  const times = (a: string, factor: number) => multiply(a, number(factor));
  const half = { alpha: { float: 0.5 }, beta: { float: 0.5 } };
  if (!approximate) {
    const scaled = times(x, Math.SQRT1_2);
    // With s = x / √2, x · Φ'(x) = s / e^s² / √π.
    const slope = () =>
      times(emit('Div', [scaled, emit('Exp', [multiply(scaled, scaled)])]), 1 / Math.sqrt(Math.PI));
    return { phi: emit('HardSigmoid', [emit('Erf', [scaled])], half), slope };
  }
  const squares = multiply(x, x);
  const tanh = emit('Tanh', [multiply(x, add(times(squares, root * cubic), root))]);
  const slope = () => {
    const own = emit('Sub', [number(0.5), times(multiply(tanh, tanh), 0.5)]);
    return multiply(x, multiply(own, add(times(squares, 3 * root * cubic), root)));
  };
  return { phi: emit('HardSigmoid', [tanh], half), slope };
}
