/** Operators that move elements without computing anything. */
import { GraphError } from '../errors.ts';
import { scalarLike } from '../tensor/float16.ts';
import { describeType, float32, type Shape, sizeOf, type TensorType } from '../tensor/tensor.ts';
import { int64Vector, type OpDefinition } from './definition.ts';
import { type Piece, partOf, plain, slotDims, stridesOf } from './primitives.ts';
import { axesOf, like } from './shapes.ts';

/** y has the elements of x, in the same order, in another shape. */
export const reshape: OpDefinition<'Reshape'> = {
  infer: ({ x }, { shape }) => {
    if (sizeOf(shape) !== sizeOf(x.shape)) {
      throw new GraphError(
        `x ${describeType(x)} has ${sizeOf(x.shape)} elements, but [${shape.join(', ')}] needs ${sizeOf(shape)}`,
      );
    }
    return { y: like(x, shape) };
  },
  gradient: { x: ({ op, inputs: { x }, dy }) => op('Reshape', { x: dy }, { shape: x.shape }) },
  float16: 'exact',
  onnx: ({ inputs: { x }, attributes: { shape }, emit, constant }) => ({
    y: emit('Reshape', [x, constant(int64Vector(shape))]),
  }),
  onednn: (context) => {
    const { alias, inputs, attributes } = context;
    return { y: plain(context, alias(plain(context, inputs.x), slotDims(attributes.shape))) };
  },
};

/** Axis i of y is axis order[i] of x. */
export const transpose: OpDefinition<'Transpose'> = {
  infer: ({ x }, { order }) => {
    if ([...order].sort().join() !== axesOf(x.shape).join()) {
      throw new GraphError(
        `order [${order.join(', ')}] does not name each axis of x ${describeType(x)} once`,
      );
    }
    return {
      y: like(
        x,
        order.map((axis) => x.shape[axis] ?? 0),
      ),
    };
  },
  gradient: {
    x: ({ op, attributes: { order }, dy }) =>
      op('Transpose', { x: dy }, { order: order.map((_, axis) => order.indexOf(axis)) }),
  },
  float16: 'exact',
  onnx: ({ inputs: { x }, inputTypes, outputTypes, attributes: { order }, emit, constant }) => {
    // Axes that stay adjacent are merged, because ONNX Runtime's Transpose is fast only when it swaps two axes.
    const groups = neighbors(order);
    if (groups.length === order.length) return { y: emit('Transpose', [x], { perm: { ints: order } }) };
    const byInput = groups.toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
    const merged = byInput.map((group) => sizeOf(group.map((axis) => inputTypes.x.shape[axis] ?? 1)));
    const perm = groups.map((group) => byInput.indexOf(group));
    const turned = emit('Transpose', [emit('Reshape', [x, constant(int64Vector(merged))])], {
      perm: { ints: perm },
    });
    return { y: emit('Reshape', [turned, constant(int64Vector(outputTypes.y.shape))]) };
  },
  onednn: (context) => {
    const { order } = context.attributes;
    const source = plain(context, context.inputs.x);
    const dims = context.outputTypes.y.shape;
    const along = stridesOf(source.dims);
    const from = { offset: 0, strides: order.map((axis) => along[axis] ?? 1), dims };
    return { y: context.call('copy', {}, dims, { pieces: [{ source, from }] }) };
  },
};

/** Splits the order into runs of axes that are also adjacent in x. */
function neighbors(order: readonly number[]): readonly (readonly number[])[] {
  const groups: number[][] = [];
  for (const axis of order) {
    const last = groups.at(-1);
    if (last?.at(-1) === axis - 1) last.push(axis);
    else groups.push([axis]);
  }
  return groups;
}

/** y is x, padded with a constant. Negative counts crop. */
export const pad: OpDefinition<'Pad'> = {
  infer: ({ x }, { before, after }) => {
    requireAxes('before', before, x);
    requireAxes('after', after, x);
    return {
      y: like(
        x,
        x.shape.map((size, axis) => (before[axis] ?? 0) + size + (after[axis] ?? 0)),
      ),
    };
  },
  gradient: {
    // The gradient crops the cells that were added, and adds zeros for the cells that were cropped.
    x: ({ op, attributes: { before, after }, dy }) =>
      op('Pad', { x: dy }, { before: before.map((count) => -count), after: after.map((count) => -count) }),
  },
  float16: 'exact',
  onnx: ({ inputs: { x }, inputTypes, attributes: { before, after, value = 0 }, emit, constant }) => {
    const counts = constant(int64Vector([...before, ...after]));
    return { y: emit('Pad', [x, counts, constant(scalarLike(inputTypes.x, value))]) };
  },
  onednn: (context) => {
    const { before, after, value = 0 } = context.attributes;
    const source = plain(context, context.inputs.x);
    const dims = context.outputTypes.y.shape;
    // The shape of the part of x that is kept. It is smaller than x if negative counts crop x.
    const cut = before.map((count) => Math.max(0, -count));
    const kept = source.dims.map((size, axis) => size - (cut[axis] ?? 0) - Math.max(0, -(after[axis] ?? 0)));
    const filling = context.constant(float32(dims, new Float32Array(sizeOf(dims)).fill(value)));
    const from = partOf(source.dims, { begin: cut, size: kept });
    const to = partOf(dims, { begin: before.map((count) => Math.max(0, count)), size: kept });
    return { y: context.call('copy', {}, dims, { pieces: [{ source: filling }, { source, from, to }] }) };
  },
};

/** Takes `size` elements along every axis, starting at `begin`, `strides` apart. */
export const stridedSlice: OpDefinition<'StridedSlice'> = {
  infer: ({ x }, { begin, size, strides }) => {
    requireSlice(x, begin, size, strides);
    return { y: like(x, size) };
  },
  gradient: {
    x: ({ op, inputs: { x }, attributes: { begin, strides }, dy }) =>
      op('StridedSliceGrad', { dy }, { begin, strides, inputShape: x.shape }),
  },
  float16: 'exact',
  // Axes that are taken whole are left out, so that the nodes do not depend on the size of a batch.
  onnx: ({ inputs: { x }, inputTypes, attributes: { begin, size, strides }, emit, constant }) => {
    const cut = axesOf(begin).filter((axis) => size[axis] !== inputTypes.x.shape[axis]);
    if (cut.length === 0) return { y: x };
    const along = cut.map((axis) => ({
      first: begin[axis] ?? 0,
      count: size[axis] ?? 1,
      stride: strides[axis] ?? 1,
    }));
    const parameters = [
      along.map(({ first }) => first),
      along.map(({ first, count, stride }) => first + (count - 1) * stride + 1),
      cut,
      along.map(({ stride }) => stride),
    ];
    return { y: emit('Slice', [x, ...parameters.map((list) => constant(int64Vector(list)))]) };
  },
  onednn: (context) => {
    const { begin, size, strides } = context.attributes;
    const source = plain(context, context.inputs.x);
    const from = partOf(source.dims, { begin, strides, size });
    return { y: context.call('copy', {}, size, { pieces: [{ source, from }] }) };
  },
};

/** A tensor of shape `inputShape` with the elements of dy at the positions that the slice read, and zeros elsewhere. */
export const stridedSliceGrad: OpDefinition<'StridedSliceGrad'> = {
  infer: ({ dy }, { begin, strides, inputShape }) => {
    const x = like(dy, inputShape);
    requireSlice(x, begin, dy.shape, strides);
    return { y: x };
  },
  gradient: {
    dy: ({ op, inputs: { dy: inner }, attributes: { begin, strides }, dy }) =>
      op('StridedSlice', { x: dy }, { begin, size: inner.shape, strides }),
  },
  float16: 'exact',
  onnx: { expandedBy: 'engine/onnx/compile/expand-movement' },
  onednn: (context) => {
    const { begin, strides, inputShape } = context.attributes;
    const source = plain(context, context.inputs.dy);
    const zeros = context.constant(float32(inputShape, new Float32Array(sizeOf(inputShape))));
    const to = partOf(inputShape, { begin, strides, size: source.dims });
    return { y: context.call('copy', {}, inputShape, { pieces: [{ source: zeros }, { source, to }] }) };
  },
};

/** @throws GraphError unless the slice is inside x */
function requireSlice(x: TensorType, begin: Shape, size: Shape, strides: Shape): void {
  requireAxes('begin', begin, x);
  requireAxes('size', size, x);
  requireAxes('strides', strides, x);
  x.shape.forEach((length, axis) => {
    const last = (begin[axis] ?? 0) + ((size[axis] ?? 1) - 1) * (strides[axis] ?? 1);
    if (last >= length) {
      throw new GraphError(
        `the slice reaches index ${last} of axis ${axis}, which is past the end of x ${describeType(x)}`,
      );
    }
  });
}

/** Concatenates the operands along one axis. */
export const concat: OpDefinition<'Concat'> = {
  infer: (operands, { axis }) => {
    const [first] = operands;
    if (first === undefined) throw new GraphError('Concat needs at least one operand');
    const others = ({ shape }: TensorType) => shape.filter((_, index) => index !== axis).join();
    for (const operand of operands) {
      if (others(operand) !== others(first) || operand.dtype !== first.dtype) {
        throw new GraphError(
          `${describeType(first)} and ${describeType(operand)} may differ only in axis ${axis}`,
        );
      }
    }
    const length = operands.reduce((total, { shape }) => total + (shape[axis] ?? 0), 0);
    return {
      y: like(
        first,
        first.shape.map((size, index) => (index === axis ? length : size)),
      ),
    };
  },
  gradient: ({ op, inputs, attributes: { axis }, dy }, index) => {
    const size = inputs[index]?.shape ?? [];
    const start = inputs.slice(0, index).reduce((total, { shape }) => total + (shape[axis] ?? 0), 0);
    const begin = size.map((_, position) => (position === axis ? start : 0));
    return op('StridedSlice', { x: dy }, { begin, size, strides: size.map(() => 1) });
  },
  float16: 'exact',
  onnx: ({ inputs, attributes: { axis }, emit }) => ({ y: emit('Concat', inputs, { axis: { int: axis } }) }),
  onednn: (context) => {
    const dims = context.outputTypes.y.shape;
    let start = 0;
    const pieces = context.inputs.map((input): Piece => {
      const begin = dims.map((_, axis) => (axis === context.attributes.axis ? start : 0));
      start += input.dims[context.attributes.axis] ?? 0;
      return { source: plain(context, input), to: partOf(dims, { begin, size: input.dims }) };
    });
    return { y: context.call('copy', {}, dims, { pieces }) };
  },
};

/** Reverses the order of the elements of x along the given axes. */
export const reverse: OpDefinition<'Reverse'> = {
  infer: ({ x }) => ({ y: like(x, x.shape) }),
  gradient: { x: ({ op, attributes, dy }) => op('Reverse', { x: dy }, attributes) },
  float16: 'exact',
  onnx: ({ inputs: { x }, attributes: { axes }, emit, constant }) => {
    // A Slice with step -1 starts at the last element (-1). Its end is a very negative number, which ONNX clamps to
    // the position before the first element.
    const [starts, ends, steps] = [-1, -(2 ** 31), -1].map((value) =>
      constant(int64Vector(axes.map(() => value))),
    );
    return { y: emit('Slice', [x, starts ?? '', ends ?? '', constant(int64Vector(axes)), steps ?? '']) };
  },
  onednn: { notOffered: 'only passes of the ONNX engine use this operator' },
};

/** y[i, …] = x[indices[i], …]. */
export const gather: OpDefinition<'Gather'> = {
  infer: ({ x }, { indices }) => {
    const [rows = 0, ...rest] = x.shape;
    const wrong = firstOutside(indices, rows);
    if (wrong !== undefined) throw new GraphError(`x ${describeType(x)} has no row ${wrong}`);
    return { y: like(x, [indices.length, ...rest]) };
  },
  gradient: { notDifferentiable: 'only engine passes use this operator, after differentiation' },
  float16: 'exact',
  onnx: ({ inputs: { x }, attributes: { indices }, emit, constant }) => ({
    y: emit('Gather', [x, constant(int64Vector(indices))], { axis: { int: 0 } }),
  }),
  onednn: { notOffered: 'only passes of the ONNX engine use this operator' },
};

/** Returns the first index outside 0 … rows - 1. This is a plain loop for speed: it checks tens of thousands of indices after
 * every pass. */
function firstOutside(indices: readonly number[], rows: number): number | undefined {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i] as number;
    if (index < 0 || index >= rows) return index;
  }
  return undefined;
}

function requireAxes(name: string, list: readonly number[], x: TensorType): void {
  if (list.length === x.shape.length) return;
  throw new GraphError(`${name} [${list.join(', ')}] needs an entry for each axis of x ${describeType(x)}`);
}
