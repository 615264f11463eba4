/** A small training step that uses every kind of primitive. An engine that can run it can train a network. */
import type { Graph, Value } from '../../graph/graph.ts';
import { GraphBuilder } from '../../ops/builder.ts';
import type { Shape } from '../../tensor/tensor.ts';

/** The sizes of the graph. The smallest is enough to find out what works; larger ones for measurements. */
export interface ProbeSize {
  readonly batch?: number;
  readonly channels?: number;
}

const padding = { padding: 'SAME' } as const;
const pool = { size: 3, stride: 2, ...padding } as const;
const gelu = { approximate: true };
const norm = { epsilon: 1e-5 };
const lrn = { depthRadius: 4, bias: 1, alpha: 0.001 / 9, beta: 0.75 };
const [side, classes] = [8, 10];

/** Builds the graph: two convolutions, normalization, pooling, a product and the loss, with gradients and gradient descent. */
export function probeGraph({ batch = 2, channels = 16 }: ProbeSize = {}): Graph {
  const builder = new GraphBuilder('probe');
  const { op } = builder;
  const variable = (name: string, shape: Shape) => builder.variable(name, { dtype: 'float32', shape });
  const images = builder.input('images', { dtype: 'float32', shape: [batch, 3, side, side] });
  const labels = builder.input('labels', { dtype: 'int32', shape: [batch] });
  const learningRate = builder.input('learning_rate', { dtype: 'float32', shape: [] });

  const [filter1, filter2] = [
    variable('filter1', [channels, 3, 5, 5]),
    variable('filter2', [channels, channels, 5, 5]),
  ];
  const [bias, weights] = [variable('bias', [channels]), variable('weights', [channels * 16, classes])];
  const [scale, offset] = [variable('scale', [channels]), variable('offset', [channels])];
  const conv1 = op('Relu', {
    x: op('BiasAdd', { x: op('Conv2D', { x: images, filter: filter1 }, padding), bias }),
  });
  const local = op('LRN', { x: conv1 }, lrn);
  const conv2 = op('Conv2D', { x: local, filter: filter2 }, padding);
  const batchNorm = builder.outputsOf('FusedBatchNormV3', { x: conv2, scale, offset }, norm);
  const activated = op('Gelu', { x: batchNorm.y }, gelu);
  const pooled = op('MaxPool', { x: activated }, pool);
  const flat = op('Reshape', { x: pooled }, { shape: [batch, channels * 16] });
  const logits = op('MatMul', { a: flat, b: weights }, { transposeA: false, transposeB: false });
  const { loss, backprop } = builder.outputsOf('SparseSoftmaxCrossEntropyWithLogits', { logits, labels }, {});

  const flatGradient = op('MatMul', { a: backprop, b: weights }, { transposeA: false, transposeB: true });
  const pooledGradient = op('Reshape', { x: flatGradient }, { shape: pooled.shape });
  const poolGradient = op('MaxPoolGrad', { x: activated, y: pooled, dy: pooledGradient }, pool);
  const geluGradient = op('GeluGrad', { dy: poolGradient, x: batchNorm.y }, gelu);
  const statistics = { mean: batchNorm.batchMean, variance: batchNorm.batchVariance };
  const normGradients = builder.outputsOf(
    'FusedBatchNormGradV3',
    { dy: geluGradient, x: conv2, scale, ...statistics },
    norm,
  );
  const conv2Gradient = normGradients.y;
  const inputShape = { ...padding, inputShape: local.shape };
  const localGradient = op('Conv2DBackpropInput', { filter: filter2, dy: conv2Gradient }, inputShape);
  const conv1Gradient = op('ReluGrad', {
    dy: op('LRNGrad', { x: conv1, y: local, dy: localGradient }, lrn),
    y: conv1,
  });
  const filterGradient = (x: Value, dy: Value, filter: Value) =>
    op('Conv2DBackpropFilter', { x, dy }, { ...padding, filterShape: filter.shape });
  const gradients: readonly (readonly [Value, Value])[] = [
    [filter1, filterGradient(images, conv1Gradient, filter1)],
    [filter2, filterGradient(local, conv2Gradient, filter2)],
    [scale, normGradients.scaleGradient],
    [offset, normGradients.offsetGradient],
    [bias, op('BiasAddGrad', { dy: conv1Gradient })],
    [weights, op('MatMul', { a: flat, b: backprop }, { transposeA: true, transposeB: false })],
  ];
  for (const [value, gradient] of gradients)
    builder.update(value, op('ApplyGradientDescent', { variable: value, gradient, learningRate }));
  builder.output('loss', op('Mean', { x: loss }, { axes: [0], keepDims: false }));
  return builder.build();
}
