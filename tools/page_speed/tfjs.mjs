/** TensorFlow.js: images as [N, H, W, C]. Its WebAssembly has no gradients of convolutions. */
import * as tf from '@tensorflow/tfjs';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import {
  classes,
  dataFor,
  learningRate,
  lrn,
  serve,
  shapesFor,
  side,
  weightDecay,
  weightsFor,
} from './common.mjs';

serve(async (request) => {
  const { backend, batch, threads } = request;
  setWasmPaths('/');
  setThreadsCount(threads);
  if (!(await tf.setBackend(backend))) throw new Error(`the backend ${backend} does not work`);
  await tf.ready();
  const data = dataFor(request);
  const images = tf.tensor4d(data.images, [batch, side, side, 3]);
  const oneHot = tf.tensor2d(data.oneHot, [batch, classes]);
  const { filters, matrices } = shapesFor(request);
  const [filter1, filter2] = filters.map(([out = 0, inside = 0, ...kernel], seed) => {
    const shape = /** @type {[number, number, number, number]} */ ([...kernel, inside, out]);
    return tf.variable(tf.tensor4d(weightsFor(shape, 25 * inside, seed + 1), shape));
  });
  const [matrix3, matrix4, matrix5] = matrices.map(([inside = 0, out = 0], seed) =>
    tf.variable(tf.tensor2d(weightsFor([inside, out], inside, seed + 3), [inside, out])),
  );
  if (!filter1 || !filter2 || !matrix3 || !matrix4 || !matrix5) throw new Error('weights are missing');
  const [bias1, bias2, bias3, bias4, bias5] = [
    ...filters.map(([out]) => out),
    ...matrices.map(([, out]) => out),
  ].map((out = 0) => tf.variable(tf.zeros([out])));
  if (!bias1 || !bias2 || !bias3 || !bias4 || !bias5) throw new Error('biases are missing');
  const normalized = (/** @type {tf.Tensor4D} */ x) =>
    tf.localResponseNormalization(x, lrn.radius, 1, lrn.alpha, lrn.beta);
  const logits = () => {
    const conv1 = tf.relu(tf.conv2d(images, filter1, 1, 'same').add(bias1));
    const norm1 = normalized(tf.maxPool(/** @type {tf.Tensor4D} */ (conv1), 3, 2, 'same'));
    const conv2 = tf.relu(tf.conv2d(norm1, filter2, 1, 'same').add(bias2));
    const pool2 = tf.maxPool(normalized(/** @type {tf.Tensor4D} */ (conv2)), 3, 2, 'same');
    const local3 = tf.relu(pool2.reshape([batch, -1]).matMul(matrix3).add(bias3));
    const local4 = tf.relu(local3.matMul(matrix4).add(bias4));
    return local4.matMul(matrix5).add(bias5);
  };
  const optimizer = tf.train.sgd(learningRate);
  const loss = () => {
    const entropy = tf.losses.softmaxCrossEntropy(oneHot, logits());
    const decay = matrix3
      .square()
      .sum()
      .add(matrix4.square().sum())
      .mul(weightDecay / 2);
    return /** @type {tf.Scalar} */ (entropy.add(decay));
  };
  return {
    version: `tfjs ${tf.version.tfjs}`,
    train: async () => {
      const value = optimizer.minimize(loss, true);
      const [found = Number.NaN] = (await value?.data()) ?? [];
      value?.dispose();
      return found;
    },
    infer: async () => {
      const value = tf.tidy(logits);
      await value.data();
      value.dispose();
    },
  };
});
