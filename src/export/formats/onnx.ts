/**
 * One ONNX file that contains everything from the pixels to the class:
 *
 *     images ─► Cast ─► Transpose ─► crop, normalization ─► network ─► logits ─┬─► Softmax ─► probabilities
 *     uint8 [N, H, W, C]            float32 [N, C, H, W]                       └─► ArgMax  ─► label
 */

import type { ImageShape } from '../../data/record.ts';
import type { OnnxNode } from '../../ops/definition.ts';
import { dtypes } from '../../tensor/dtype.ts';
import { sizeOf, type Tensor } from '../../tensor/tensor.ts';
import type { CodeSample, ExportFormat } from '../format.ts';
import { logitsName, pixelsName } from '../inference-graph.ts';
import {
  type ModelInterface,
  modelFile,
  networkModel,
  type OnnxGraph,
  openClassifier,
} from '../onnx-model.ts';

export const onnx: ExportFormat & { readonly name: 'onnx' } = {
  name: 'onnx',
  summary: 'an ONNX file',
  ending: '.onnx',
  make: async (trained) => {
    const { network, picture } = trained;
    const model = withPictures(await networkModel(trained), picture, network.classes);
    const bytes = modelFile(model, trained);
    const access = interfaceOf(picture);
    return {
      files: new Map([['', bytes]]),
      open: (batchSize) => openClassifier(network.name, bytes, access, batchSize, sizeOf(picture)),
      interface: descriptionOf(picture, network.classes),
      usage,
    };
  },
};

/** Adds the inputs and outputs for pictures to a model from pixels to logits. */
function withPictures(model: OnnxGraph, [channels, height, width]: ImageShape, classes: number): OnnxGraph {
  const node = (opType: string, input: string, output: string, attributes: OnnxNode['attributes']) => ({
    ...{ opType, inputs: [input], outputs: [output], attributes },
  });
  return {
    ...model,
    inputs: [{ name: 'images', dtype: 'uint8', shape: ['N', height, width, channels] }],
    outputs: [
      { name: 'probabilities', dtype: 'float32', shape: ['N', classes] },
      { name: 'label', dtype: 'int64', shape: ['N'] },
    ],
    nodes: [
      node('Cast', 'images', 'images/Cast', { to: { int: dtypes.float32.onnx } }),
      node('Transpose', 'images/Cast', pixelsName, { perm: { ints: [0, 3, 1, 2] } }),
      ...model.nodes,
      node('Softmax', logitsName, 'probabilities', { axis: { int: 1 } }),
      node('ArgMax', logitsName, 'label', { axis: { int: 1 }, keepdims: { int: 0 } }),
    ],
  };
}

function interfaceOf([channels, height, width]: ImageShape): ModelInterface {
  return {
    input: 'images',
    feed: (pixels, batchSize): Tensor => ({
      dtype: 'uint8',
      shape: [batchSize, height, width, channels],
      data: channelsLast(pixels, channels, height * width),
    }),
    output: 'probabilities',
    probabilities: (output) => output,
  };
}

/** Converts pixels [N, C, H·W] to [N, H·W, C]. */
function channelsLast(pixels: Uint8Array, channels: number, plane: number): Uint8Array {
  const turned = new Uint8Array(pixels.length);
  let at = 0;
  for (let start = 0; start < pixels.length; start += channels * plane)
    for (let pixel = 0; pixel < plane; pixel++)
      for (let channel = 0; channel < channels; channel++)
        turned[at++] = pixels[start + channel * plane + pixel] as number;
  return turned;
}

function descriptionOf([channels, height, width]: ImageShape, classes: number): string {
  return [
    `- Input \`images\`: uint8 \`[N, ${height}, ${width}, ${channels}]\`, red, green and blue from 0 to 255, for any number N of`,
    '  pictures. Cropping and normalization are part of the model.',
    `- Output \`probabilities\`: float32 \`[N, ${classes}]\`.`,
    '- Output `label`: int64 `[N]`, the index of the most likely class.',
    '- `metadata_props`: the names of the classes (`classes`, JSON), and where the model comes from.',
  ].join('\n');
}

const usage = (path: string): CodeSample => ({
  language: 'python',
  lines: [
    'import numpy, onnxruntime',
    `session = onnxruntime.InferenceSession(${JSON.stringify(path)})`,
    'probabilities, label = session.run(None, {"images": images})  # uint8 [N, H, W, 3]',
  ],
});
