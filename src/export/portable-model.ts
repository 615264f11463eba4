/** The exported ONNX model, made from a network and its weights in Node.js or in a page:
 *
 *     images ─► Cast ─► Transpose ─► crop, normalization ─► network ─► logits ─┬─► Softmax ─► probabilities
 *     uint8 [N, H, W, C]            float32 [N, C, H, W]                       └─► ArgMax  ─► label
 */
import type { ImageShape } from '../data/record.ts';
import type { OnnxGraph } from '../engine/onnx/compile/lower.ts';
import { encodeModel, portableVersion } from '../engine/onnx/compile/model.ts';
import { portableGraph, splitForInference } from '../engine/onnx/compile/portable.ts';
import type { Graph } from '../graph/graph.ts';
import type { OnnxNode } from '../ops/definition.ts';
import { imagesName, probabilitiesName } from '../predict/exported-contract.ts';
import { dtypes } from '../tensor/dtype.ts';
import type { Float32Tensor, Tensor } from '../tensor/tensor.ts';
import { version } from '../version.ts';
import { logitsName, pixelsName } from './inference-graph.ts';
import { inferenceGraphOf, type TrainedNetwork } from './trained-network.ts';

/** Computes the outputs of a graph without inputs from the values of its variables. */
export type Compute = (
  graph: Graph,
  values: ReadonlyMap<string, Float32Tensor>,
) => Promise<ReadonlyMap<string, Tensor>>;

/** Lowers the network with its weights for batches of any size. The model has the input `pixels`, float32 [N, C, H, W] of values
 * 0 … 255, and the output `logits` [N, classes].
 * @param compute computes what depends on weights only, such as the filters into which batch normalization is folded */
export async function logitsModel(trained: TrainedNetwork, compute: Compute): Promise<OnnxGraph> {
  const { weights, rest } = splitForInference(inferenceGraphOf(trained, 1));
  const isEmpty = weights.results.output.size === 0;
  const computed = isEmpty ? new Map<string, Tensor>() : await compute(weights, trained.values);
  const values = new Map<string, Tensor>();
  for (const name of rest.variables.keys()) {
    const value = computed.get(name) ?? trained.values.get(name);
    if (value !== undefined) values.set(name, value);
  }
  return portableGraph((batchSize) => inferenceGraphOf(trained, batchSize), values);
}

/** Makes the file of the export format onnx. */
export async function pictureModel(trained: TrainedNetwork, compute: Compute): Promise<Uint8Array> {
  const { network, picture } = trained;
  return modelFile(withPictures(await logitsModel(trained, compute), picture, network.classes), trained);
}

/** Adds the inputs and outputs for pictures to a model from pixels to logits. */
function withPictures(model: OnnxGraph, [channels, height, width]: ImageShape, classes: number): OnnxGraph {
  const node = (opType: string, input: string, output: string, attributes: OnnxNode['attributes']) => ({
    ...{ opType, inputs: [input], outputs: [output], attributes },
  });
  return {
    ...model,
    inputs: [{ name: imagesName, dtype: 'uint8', shape: ['N', height, width, channels] }],
    outputs: [
      { name: probabilitiesName, dtype: 'float32', shape: ['N', classes] },
      { name: 'label', dtype: 'int64', shape: ['N'] },
    ],
    nodes: [
      node('Cast', imagesName, 'images/Cast', { to: { int: dtypes.float32.onnx } }),
      node('Transpose', 'images/Cast', pixelsName, { perm: { ints: [0, 3, 1, 2] } }),
      ...model.nodes,
      node('Softmax', logitsName, probabilitiesName, { axis: { int: 1 } }),
      node('ArgMax', logitsName, 'label', { axis: { int: 1 }, keepdims: { int: 0 } }),
    ],
  };
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
      ['configuration', JSON.stringify(metadata.network.configuration)],
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
