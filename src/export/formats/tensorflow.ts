/**
 * A folder that TensorFlow's own `cifar10_eval` restores:
 *
 *     checkpoint                             the name of the newest checkpoint
 *     model.ckpt-N.index                     the names, types and places of the tensors
 *     model.ckpt-N.data-00000-of-00001       the tensors
 *
 * It contains the variables of the tutorial under the tutorial's names and in its layouts, their moving averages, the averages of the
 * loss and the step.
 */
import { encodeCheckpointIndex } from '../../checkpoint/checkpoint-index.ts';
import { averageName } from '../../optimizer/moving-average.ts';
import { tutorialRecipe } from '../../recipe/recipes/tutorial.ts';
import type { Float32Tensor } from '../../tensor/tensor.ts';
import {
  bundleDataPath,
  bundleIndexPath,
  decodeBundle,
  encodeBundle,
} from '../../tensorflow/tensor-bundle.ts';
import { fromTutorial, toTutorial } from '../../tensorflow/tutorial-variables.ts';
import type { CodeSample, ExportFormat } from '../format.ts';
import { liveNetwork } from '../live-network.ts';
import type { TrainedNetwork } from '../trained-network.ts';

export const tensorflow: ExportFormat & { readonly name: 'tensorflow' } = {
  name: 'tensorflow',
  summary: 'a TensorFlow checkpoint for the tutorial',
  ending: undefined,
  problem: ({ network: { name } }) =>
    name === tutorialRecipe.network.name
      ? undefined
      : `the checkpoint has the variables of the tutorial's network, ${tutorialRecipe.network.name}, but this network is ${name}`,
  make: async (trained) => {
    const { globalStep } = trained.metadata;
    const { index, data } = encodeBundle(toTutorial({ globalStep, tensors: withAverages(trained) }));
    const prefix = `model.ckpt-${globalStep}`;
    const [indexName, dataName] = [bundleIndexPath(prefix), bundleDataPath(prefix)];
    return {
      files: new Map([
        [dataName, data],
        [indexName, index],
        ['checkpoint', encodeCheckpointIndex({ latest: prefix, all: [prefix] })],
      ]),
      open: (batchSize) => {
        const bundle = decodeBundle({ index, data }, { index: indexName, data: dataName });
        const { tensors } = fromTutorial(bundle.tensors);
        return liveNetwork(trained, exportedWeights(trained, tensors), batchSize);
      },
      interface: description,
      usage,
    };
  },
};

/** Returns the tensors of the checkpoint. The tutorial evaluates moving averages, so if the run has none, the weights take their
 * place. */
function withAverages({ tensors, values }: TrainedNetwork): ReadonlyMap<string, Float32Tensor> {
  const averages = [...values].map(([name, value]) => [averageName(name), value] as const);
  return new Map([...averages, ...tensors]);
}

/** Returns those weights of the bundle that are compared: the moving averages, or the weights themselves. */
function exportedWeights(
  { values, weights }: TrainedNetwork,
  tensors: ReadonlyMap<string, Float32Tensor>,
): ReadonlyMap<string, Float32Tensor> {
  return new Map(
    [...values.keys()].map((name) => {
      const value = tensors.get(weights === 'ema' ? averageName(name) : name);
      if (value === undefined) throw new RangeError(`the exported checkpoint has no variable ${name}`);
      return [name, value] as const;
    }),
  );
}

const description = [
  '- Variables under the names of the tutorial, such as `conv1/weights`, in its layouts: filters are',
  '  `[rows, columns, in, out]`, dense weights are `[in, out]`.',
  '- Their moving averages, such as `conv1/weights/ExponentialMovingAverage`, which `cifar10_eval` restores.',
  '- The averages of the terms of the loss, such as `total_loss/avg`.',
  '- The step, as `Variable` (int32, r0.11) and as `global_step` (int64, later versions).',
].join('\n');

function usage(path: string): CodeSample {
  return {
    language: 'python',
    lines: [
      'import tensorflow as tf',
      `reader = tf.train.load_checkpoint(${JSON.stringify(path)})`,
      'print(reader.get_variable_to_shape_map())',
    ],
  };
}
