/** One ONNX file that contains everything from the pixels to the class (`portable-model.ts`). */

import type { ImageShape } from '../../data/record.ts';
import { ExportedClassifier } from '../../predict/exported-classifier.ts';
import { readExportedFile } from '../../predict/exported-file.ts';
import type { CodeSample, ExportFormat } from '../format.ts';
import { compute } from '../onnx-model.ts';
import { pictureModel } from '../portable-model.ts';

export const onnx: ExportFormat & { readonly name: 'onnx' } = {
  name: 'onnx',
  summary: 'an ONNX file',
  ending: '.onnx',
  make: async (trained) => {
    const { network, picture } = trained;
    const bytes = await pictureModel(trained, compute);
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
