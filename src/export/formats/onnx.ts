/**
 * One ONNX file that contains everything from the pixels to the class:
 *
 *     images ─► Cast ─► Transpose ─► crop, normalization ─► network ─► logits ─┬─► Softmax ─► probabilities
 *     uint8 [N, H, W, C]            float32 [N, C, H, W]                       └─► ArgMax  ─► label
 */

import type { ImageShape } from '../../data/record.ts';
import type { OnnxNode } from '../../ops/definition.ts';
import { ExportedClassifier } from '../../predict/exported-classifier.ts';
import { imagesName, probabilitiesName } from '../../predict/exported-contract.ts';
import { readExportedFile } from '../../predict/exported-file.ts';
import { dtypes } from '../../tensor/dtype.ts';
import type { CodeSample, ExportFormat } from '../format.ts';
import { logitsName, pixelsName } from '../inference-graph.ts';
import { modelFile, networkModel, type OnnxGraph } from '../onnx-model.ts';

export const onnx: ExportFormat & { readonly name: 'onnx' } = {
  name: 'onnx',
  summary: 'an ONNX file',
  ending: '.onnx',
  make: async (trained) => {
    const { network, picture } = trained;
    const model = withPictures(await networkModel(trained), picture, network.classes);
    const bytes = modelFile(model, trained);
    return {
      files: new Map([['', bytes]]),
      open: (batchSize) =>
        ExportedClassifier.create(
          network.name,
          readExportedFile('the exported file', bytes),
          bytes,
          batchSize,
        ),
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
