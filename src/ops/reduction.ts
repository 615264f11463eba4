/** Sums and means over axes, and broadcasting. */
import { GraphError } from '../errors.ts';
import type { Value } from '../graph/graph.ts';
import type { ReductionAttributes } from '../graph/signature.ts';
import { describeType, float32, type Shape, scalar, sizeOf, type TensorType } from '../tensor/tensor.ts';
import { type GradientContext, int64Vector, type OnnxContext, type OpDefinition } from './definition.ts';
import { type PrimitiveContext, plain, reduce, type Slot, slotDims, stretch } from './primitives.ts';
import { broadcast, like } from './shapes.ts';

const inferReduction = ({ x }: { x: TensorType }, { axes, keepDims }: ReductionAttributes) => {
  if (axes.some((axis) => axis < 0 || axis >= x.shape.length) || new Set(axes).size !== axes.length) {
    throw new GraphError(`axes [${axes.join(', ')}] are not axes of x ${describeType(x)}`);
  }
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return { y: like(x, keepDims ? kept : kept.filter((_, axis) => !axes.includes(axis))) };
};

const keptShape = (shape: Shape, axes: readonly number[]) =>
  shape.map((size, axis) => (axes.includes(axis) ? 1 : size));

/** Returns dy, broadcast to the shape of x. */
const spread = ({ op, inputs: { x }, attributes: { axes }, dy }: GradientContext<'Sum'>): Value =>
  op('BroadcastTo', { x: op('Reshape', { x: dy }, { shape: keptShape(x.shape, axes) }) }, { shape: x.shape });

type ReductionContext = Pick<OnnxContext<'Sum'>, 'inputs' | 'attributes' | 'emit' | 'constant'>;

const onnxReduction =
  (opType: string) =>
  ({ inputs: { x }, attributes: { axes, keepDims }, emit, constant }: ReductionContext) => ({
    y: emit(opType, [x, constant(int64Vector(axes))], {
      keepdims: { int: keepDims ? 1 : 0 },
      noop_with_empty_axes: { int: 1 },
    }),
  });

interface OnednnReduction extends PrimitiveContext {
  readonly inputs: { readonly x: Slot };
  readonly outputTypes: { readonly y: TensorType };
  readonly attributes: ReductionAttributes;
}

const onednnReduction = (reduction: 'sum' | 'mean') => (context: OnednnReduction) => {
  const { inputs, outputTypes, attributes } = context;
  const src = plain(context, inputs.x);
  const y = isLeading(attributes.axes, src.dims)
    ? overRows(context, reduction, src, attributes.axes.length)
    : reduce(context, reduction, src, keptShape(src.dims, attributes.axes));
  return { y: context.alias(y, slotDims(outputTypes.y.shape)) };
};

/** Whether the axes are the first ones, but not all axes. */
function isLeading(axes: readonly number[], { length }: Shape): boolean {
  return axes.length > 0 && axes.length < length && axes.every((axis) => axis < axes.length);
}

/** Reduces the first `count` axes by a product with a row of equal numbers, because oneDNN has only reference code for
 * reducing leading axes. */
function overRows(
  { alias, call, constant }: PrimitiveContext,
  reduction: 'sum' | 'mean',
  x: Slot,
  count: number,
): Slot {
  const rows = sizeOf(x.dims.slice(0, count));
  const columns = sizeOf(x.dims.slice(count));
  const share = new Float32Array(rows).fill(reduction === 'sum' ? 1 : 1 / rows);
  const src = constant(float32([1, rows], share));
  return call('matmul', { src, weights: alias(x, [rows, columns]) }, [1, columns]);
}

/** y = Σ x over the axes. */
export const sum: OpDefinition<'Sum'> = {
  infer: inferReduction,
  gradient: { x: spread },
  float16: 'sums',
  onnx: onnxReduction('ReduceSum'),
  onednn: onednnReduction('sum'),
};

/** y is the mean of x over the axes. */
export const mean: OpDefinition<'Mean'> = {
  infer: inferReduction,
  gradient: {
    x: (context) => {
      const { op, inputs, outputs, dy } = context;
      const share = scalar(sizeOf(outputs.y.shape) / sizeOf(inputs.x.shape));
      return spread({ ...context, dy: op('Mul', { a: dy, b: op('Constant', {}, { value: share }) }) });
    },
  },
  float16: 'sums',
  onnx: onnxReduction('ReduceMean'),
  onednn: onednnReduction('mean'),
};

/** Broadcasts x to the shape, along axes of size 1 and along new leading axes. */
export const broadcastTo: OpDefinition<'BroadcastTo'> = {
  infer: ({ x }, { shape }) => {
    const y = like(x, shape);
    if (broadcast(x, y).join() !== shape.join()) {
      throw new GraphError(`x ${describeType(x)} does not broadcast to [${shape.join(', ')}]`);
    }
    return { y };
  },
  gradient: { x: ({ dy }) => dy }, // the backward walk sums dy to the shape of x
  float16: 'exact',
  // Expand keeps an axis whose new size is 1, so that the node does not depend on the size of a batch that x already has.
  onnx: ({ inputs: { x }, inputTypes, attributes: { shape }, emit, constant }) => {
    const added = shape.length - inputTypes.x.shape.length;
    const sizes = shape.map((size, axis) => (inputTypes.x.shape[axis - added] === size ? 1 : size));
    return { y: emit('Expand', [x, constant(int64Vector(sizes))]) };
  },
  onednn: (context) => ({ y: stretch(context, context.inputs.x, slotDims(context.attributes.shape)) }),
};
