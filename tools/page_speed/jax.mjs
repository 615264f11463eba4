/** jax-js: images as [N, C, H, W]. A function consumes its arguments; `.ref` keeps one for another use. */
import {
  blockUntilReady,
  defaultDevice,
  init,
  jit,
  lax,
  nn,
  numpy as np,
  tree,
  valueAndGrad,
} from '@jax-js/jax';
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

/** @typedef {import('@jax-js/jax').numpy.Array} Tensor */

/** Sums over neighboring channels are 1×1 convolutions with a band of ones. @param {number} channels */
function band(channels) {
  const values = Float32Array.from({ length: channels * channels }, (_, at) =>
    Math.abs((at % channels) - Math.floor(at / channels)) <= lrn.radius ? 1 : 0,
  );
  return np.array(values).reshape([channels, channels, 1, 1]);
}

serve(async (request) => {
  const { batch, backend, widths } = request;
  const device = /** @type {'wasm'} */ (backend);
  const available = await init(device);
  if (!available.includes(device)) throw new Error(`the device ${backend} does not work`);
  defaultDevice(device);
  const data = dataFor(request);
  const images = np.array(data.images).reshape([batch, 3, side, side]);
  const oneHot = np.array(data.oneHot).reshape([batch, classes]);
  const { filters, matrices } = shapesFor(request);
  let weights = {
    filters: filters.map((shape, seed) =>
      np.array(weightsFor(shape, 25 * (shape[1] ?? 0), seed + 1)).reshape([...shape]),
    ),
    matrices: matrices.map((shape, seed) =>
      np.array(weightsFor(shape, shape[0] ?? 0, seed + 3)).reshape([...shape]),
    ),
    filterBiases: filters.map(([out = 0]) => np.zeros([out, 1, 1])),
    biases: matrices.map(([, out = 0]) => np.zeros([out])),
  };
  const bands = [band(widths.conv1), band(widths.conv2)];

  /** @param {Tensor} x @param {Tensor} ones */
  const normalized = (x, ones) => {
    const sums = lax.conv(np.square(x.ref), ones, [1, 1], 'SAME');
    return x.mul(np.exp(np.log(sums.mul(lrn.alpha).add(1)).mul(-lrn.beta)));
  };
  /** ReLU came before, so zeros are as good as minus infinity. @param {Tensor} x */
  const pooled = (x) => {
    const padded = np.pad(x, [
      [0, 0],
      [0, 0],
      [0, 1],
      [0, 1],
    ]);
    return lax.reduceWindow(padded, (/** @type {Tensor} */ cells) => np.max(cells), [3, 3], [2, 2]);
  };
  /** @param {typeof weights} of @param {Tensor} x @param {readonly Tensor[]} ones */
  const logits = (
    { filters: [f1, f2], filterBiases: [c1, c2], matrices: m, biases: b },
    x,
    [ones1, ones2],
  ) => {
    if (!f1 || !f2 || !c1 || !c2 || !ones1 || !ones2) throw new Error('weights are missing');
    const norm1 = normalized(pooled(nn.relu(lax.conv(x, f1, [1, 1], 'SAME').add(c1))), ones1);
    const pool2 = pooled(normalized(nn.relu(lax.conv(norm1, f2, [1, 1], 'SAME').add(c2)), ones2));
    let row = pool2.reshape([batch, -1]);
    for (const [index, matrix] of m.entries()) {
      const product = np.matmul(row, matrix).add(/** @type {Tensor} */ (b[index]));
      row = index < 2 ? nn.relu(product) : product;
    }
    return row;
  };
  /** @param {typeof weights} of @param {Tensor} x @param {Tensor} labels @param {readonly Tensor[]} ones */
  const loss = (of, x, labels, ones) => {
    const [m3, m4] = of.matrices;
    if (!m3 || !m4) throw new Error('weights are missing');
    const decay = np
      .square(m3.ref)
      .sum()
      .add(np.square(m4.ref).sum())
      .mul(weightDecay / 2);
    const chosen = nn.logSoftmax(logits(of, x, ones), -1).mul(labels);
    return chosen
      .sum()
      .mul(-1 / batch)
      .add(decay);
  };
  const update = jit(
    (
      /** @type {typeof weights} */ of,
      /** @type {Tensor} */ x,
      /** @type {Tensor} */ labels,
      /** @type {Tensor[]} */ ones,
    ) => {
      const [value, gradients] = valueAndGrad(loss)(tree.ref(of), x, labels, ones);
      const next = tree.map(
        (/** @type {Tensor} */ weight, /** @type {Tensor} */ gradient) =>
          weight.sub(gradient.mul(learningRate)),
        of,
        gradients,
      );
      return [value, next];
    },
  );
  const classify = jit(logits);
  return {
    version: `jax-js ${jaxVersion}`,
    train: async () => {
      const [value, next] = update(weights, images.ref, oneHot.ref, tree.ref(bands));
      weights = /** @type {typeof weights} */ (next);
      await blockUntilReady(tree.ref(weights));
      const [found = Number.NaN] = await /** @type {Tensor} */ (value).data();
      return found;
    },
    infer: async () => {
      await classify(tree.ref(weights), images.ref, tree.ref(bands)).data();
    },
  };
});
