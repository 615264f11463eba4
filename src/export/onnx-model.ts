/** What all exported ONNX models have in common: the graph from pixels to logits, the metadata, and how to run a file. Only this
 * file of the folder uses the ONNX engine directly, because no other engine makes or runs ONNX files. */

import { chooseEngine } from '../engine/engines.ts';
import type { OnnxGraph } from '../engine/onnx/compile/lower.ts';
import { encodeModel, portableVersion } from '../engine/onnx/compile/model.ts';
import { portableGraph, splitForInference } from '../engine/onnx/compile/portable.ts';
import { openModel } from '../engine/onnx/runtime/onnx-engine.ts';
import { RunError } from '../errors.ts';
import { probabilities } from '../evaluation/confusion.ts';
import type { Graph } from '../graph/graph.ts';
import type { Classifier } from '../predict/classifier.ts';
import { type Float32Tensor, float32Data, sizeOf, type Tensor } from '../tensor/tensor.ts';
import { version } from '../version.ts';
import { logitsName } from './inference-graph.ts';
import { defaultEngine } from './live-network.ts';
import { inferenceGraphOf, type TrainedNetwork } from './trained-network.ts';

export type { OnnxGraph };

/** Lowers the network with its weights for batches of any size. The model has the input `pixels`, float32 [N, C, H, W] of values
 * 0 … 255, and the output `logits` [N, classes]. */
export async function networkModel(trained: TrainedNetwork): Promise<OnnxGraph> {
  const { weights, rest } = splitForInference(inferenceGraphOf(trained, 1));
  const computed = await compute(weights, trained.values);
  const values = new Map<string, Tensor>();
  for (const name of rest.variables.keys()) {
    const value = computed.get(name) ?? trained.values.get(name);
    if (value !== undefined) values.set(name, value);
  }
  return portableGraph((batchSize) => inferenceGraphOf(trained, batchSize), values);
}

/** Computes the outputs of a graph without inputs. */
async function compute(
  graph: Graph,
  values: ReadonlyMap<string, Float32Tensor>,
): Promise<ReadonlyMap<string, Tensor>> {
  if (graph.results.output.size === 0) return new Map();
  const session = await defaultEngine().compile(graph);
  try {
    await session.write(values);
    return await session.step(new Map());
  } finally {
    await session.release();
  }
}

/** Encodes a model file with the metadata of the checkpoint. */
export function modelFile(
  graph: OnnxGraph,
  { metadata, dataset, classes, picture, weights }: TrainedNetwork,
): Uint8Array {
  return encodeModel(graph, {
    version: portableVersion,
    producerVersion: version,
    metadata: new Map([
      ['classes', JSON.stringify(classes)],
      ['image', JSON.stringify(picture)],
      ['network', metadata.network.name],
      ['recipe', metadata.recipe],
      ['augmentation', metadata.augmentation],
      ['normalization', metadata.normalization],
      ['statistics', JSON.stringify(dataset.statistics)],
      ['weights', weights],
      ['global_step', String(metadata.globalStep)],
      ['precision', metadata.precision],
      ['dataset', metadata.dataset.name],
      ['data_checksum', metadata.dataset.checksum],
      ['program', `cifar10 ${version}`],
    ]),
  });
}

/** Loads a model for `pixel_values`, float32 [N, C, H, W] of values 0 … 255, that returns logits. */
export async function openLogitsModel(
  bytes: Uint8Array,
  { network, picture }: Pick<TrainedNetwork, 'network' | 'picture'>,
  input: string,
  batchSize: number,
): Promise<Classifier> {
  const { library, threads } = chooseEngine({ engine: 'onnx', precision: 'float32' }).engine;
  const type = { dtype: 'float32', shape: [batchSize, ...picture] } as const;
  const session = await openModel(network.name, bytes, new Map([[input, type]]), [logitsName]);
  const { classes } = network;
  return {
    ...{ library, threads, batchSize, device: 'cpu' },
    classify: async (pictures) => {
      const data = new Float32Array(sizeOf(type.shape));
      for (const [row, pixels] of pictures.entries()) data.set(pixels, row * sizeOf(picture));
      const logits = (await session.step(new Map([[input, { ...type, data }]]))).get(logitsName);
      if (logits === undefined) throw new RunError(`the exported model returned no ${logitsName}`);
      const values = float32Data(logits);
      return pictures.map((_, row) => probabilities(values.subarray(row * classes, (row + 1) * classes)));
    },
    release: () => session.release(),
  };
}
