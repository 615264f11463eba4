/**
 * A folder with a checkpoint of the tutorial's TensorFlow program, which its `cifar10_eval` restores:
 *
 *     checkpoint                              the index, which names the checkpoint
 *     model.ckpt-1200.index                   names, types and shapes
 *     model.ckpt-1200.data-00000-of-00001     all variables of the checkpoint, including the moving averages
 */
import { checkpointIndexText, indexName } from '../../checkpoint/checkpoint-index.ts';
import { RunError } from '../../errors.ts';
import { scoredWeights, weightsOf } from '../../evaluation/evaluate.ts';
import { buildEvaluationGraph } from '../../evaluation/evaluation-graph.ts';
import {
  bundleDataPath,
  bundleIndexPath,
  decodeBundle,
  encodeBundle,
} from '../../tensorflow/tensor-bundle.ts';
import { fromTutorial, toTutorial } from '../../tensorflow/tutorial-variables.ts';
import type { CodeSample, ExportFormat } from '../format.ts';
import { liveNetwork } from '../live-network.ts';

/** The only network of the tutorial's program. */
const tutorialName = 'cifar10';

export const tensorflow: ExportFormat & { readonly name: 'tensorflow' } = {
  name: 'tensorflow',
  summary: "a checkpoint of the tutorial's TensorFlow program",
  ending: undefined,
  make: async (trained) => {
    const { network, metadata, tensors, weights } = trained;
    if (network.name !== tutorialName)
      throw new RunError(
        `the tutorial's TensorFlow program has only the network ${tutorialName}, but the checkpoint has the network ${network.name}; ` +
          'use another `format`',
      );
    const { globalStep } = metadata;
    const name = `model.ckpt-${globalStep}`;
    const bundle = encodeBundle(toTutorial({ globalStep, tensors }));
    const [indexPath, dataPath] = [bundleIndexPath(name), bundleDataPath(name)];
    return {
      files: new Map([
        [dataPath, bundle.data],
        [indexPath, bundle.index],
        [indexName, new TextEncoder().encode(checkpointIndexText({ latest: name, all: [name] }))],
      ]),
      open: (batchSize) => {
        const read = fromTutorial(decodeBundle(bundle, { index: indexPath, data: dataPath }).tensors).tensors;
        const kept = scoredWeights(metadata.hyperparameters, weights);
        const variables = [...buildEvaluationGraph(network, 1).variables.values()];
        const values = new Map(variables.map((one) => [one.name, weightsOf(read, one, kept)]));
        return liveNetwork(trained, values, batchSize);
      },
      interface: [
        "- All variables of the training, under the names and in the layouts of the tutorial's TensorFlow program: the weights, their",
        '  moving averages (`…/ExponentialMovingAverage`), the averages of the loss, and the step.',
      ].join('\n'),
      usage: (path) => usage(path, name),
    };
  },
};

const usage = (path: string, name: string): CodeSample => ({
  language: 'python',
  lines: [
    'import tensorflow as tf',
    `reader = tf.train.load_checkpoint(${JSON.stringify(`${path}/${name}`)})`,
    'weights = reader.get_tensor("conv1/weights/ExponentialMovingAverage")',
  ],
});
