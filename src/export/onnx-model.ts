/** What all exported ONNX models have in common: the graph from pixels to logits, the metadata, and how to run a file. Only this
 * file of the folder uses the ONNX engine directly, because no other engine makes or runs ONNX files. */

import type { OnnxGraph } from '../engine/onnx/compile/lower.ts';
import { encodeModel, portableVersion } from '../engine/onnx/compile/model.ts';
import { portableGraph, splitForInference } from '../engine/onnx/compile/portable.ts';
import { openModel } from '../engine/onnx/runtime/onnx-engine.ts';
import { RunError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { type Float32Tensor, float32Data, type Tensor } from '../tensor/tensor.ts';
import { version } from '../version.ts';
import type { Classifier } from './format.ts';
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
  { metadata, classes, picture, weights }: TrainedNetwork,
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
      ['weights', weights],
      ['global_step', String(metadata.globalStep)],
      ['precision', metadata.precision],
      ['dataset', metadata.dataset.name],
      ['data_checksum', metadata.dataset.checksum],
      ['program', `cifar10 ${version}`],
    ]),
  });
}

/** How to feed pixels to a model, and what to make of its output. */
export interface ModelInterface {
  readonly input: string;
  /** @param pixels [N, C, H, W] */
  readonly feed: (pixels: Uint8Array, batchSize: number) => Tensor;
  readonly output: string;
  readonly probabilities: (output: Float32Array) => Float32Array;
}

/** Loads a model file for batches of this size. */
export async function openClassifier(
  name: string,
  bytes: Uint8Array,
  { input, feed, output, probabilities }: ModelInterface,
  batchSize: number,
  pixels: number,
): Promise<Classifier> {
  const type = feed(new Uint8Array(batchSize * pixels), batchSize);
  const session = await openModel(name, bytes, new Map([[input, type]]), [output]);
  return {
    probabilities: async (batch) => {
      const found = (await session.step(new Map([[input, feed(batch, batchSize)]]))).get(output);
      if (found === undefined) throw new RunError(`the model ${name} returned no ${output}`);
      return probabilities(float32Data(found));
    },
    release: () => session.release(),
  };
}
