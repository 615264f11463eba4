/**
 * Defines a network of your own, trains it on the generated pictures, and classifies one of them:
 *
 *     node own-network.mjs [STEPS]
 *
 * The library computes the gradients, saves checkpoints, resumes and exports the network, as it does with its own. If several
 * programs use your network, put its definition into a module of its own (docs/recipes.md says how commands import it).
 */
import { defineNetwork, heNormal, openModel, train } from 'cifar10-ts';

const tiny = defineNetwork({
  name: 'tiny',
  summary: 'three convolutions and an average over the picture',
  // Numbers that a run may choose. They are stored in its checkpoints.
  numbers: { width: { kind: 'integer', minimum: 1, maximum: 256, default: 16, help: 'filters of conv1' } },
  // Channels, height and width of the images that the network takes.
  imageShape: [3, 32, 32],
  create: ({ layers, images, classes, configuration: { width } }) => {
    const options = /** @type {const} */ ({
      kernel: [3, 3],
      padding: 'SAME',
      initializer: heNormal,
      decayShare: 1,
    });
    const pool = /** @type {const} */ ({ size: 2, stride: 2, padding: 'SAME' });
    let x = images;
    // The scope is the first part of the names of the weights: conv1/weights.
    for (const [index, filters] of [width, 2 * width, 4 * width].entries())
      x = layers.scope(`conv${index + 1}`, () =>
        layers.maxPool(
          layers.relu(layers.batchNormalization(layers.convolution(x, { ...options, filters }))),
          pool,
        ),
      );
    // One number for each class. The library adds softmax and the loss.
    return layers.scope('logits', () =>
      layers.dense(layers.globalAveragePool(x), { units: classes, initializer: heNormal, bias: 0 }),
    );
  },
});

const [steps = '300'] = process.argv.slice(2);
const { checkpoint } = await train(
  {
    // Or `tiny.with({ width: 32 })`. Multiples of 16 are fast: oneDNN has no fast code for 8 filters.
    network: tiny,
    augmentation: 'pad_crop_flip',
    dataset: 'synthetic',
    dataDir: 'data',
    trainDir: 'runs/tiny',
    maxSteps: Number(steps),
    hyperparameters: { optimizer: 'adam', schedule: 'constant', learningRate: 0.003 },
  },
  { onStep: ({ step, loss }) => step % 20 === 0 && console.log(`step ${step}: loss ${loss.toFixed(2)}`) },
);
const model = await openModel(checkpoint);
const gray = { data: new Uint8Array(32 * 32 * 3).fill(128), width: 32, height: 32 };
const [best] = await model.classify(gray, { topK: 1 });
console.log(`A gray picture is a ${best?.label}, says ${model.path}`);
await model.release();
