/**
 * A folder that transformers.js loads with `pipeline('image-classification', folder)`:
 *
 *     config.json               class names
 *     preprocessor_config.json  how pictures become tensors
 *     onnx/model.onnx           pixel_values, float32 [N, C, H, W] of values 0 … 255 → logits [N, classes]
 *
 * The pipeline resizes and crops pictures as `pictures/decode.ts` does. Normalization is part of the model, because the pipeline
 * has no whitening.
 */
import type { ImageShape } from '../../data/record.ts';
import type { CodeSample, ExportFormat } from '../format.ts';
import { pixelsName } from '../inference-graph.ts';
import { networkModel, type OnnxGraph, openLogitsModel } from '../onnx-model.ts';
import { modelFile } from '../portable-model.ts';
import type { TrainedNetwork } from '../trained-network.ts';

export const transformers: ExportFormat & { readonly name: 'transformers.js' } = {
  name: 'transformers.js',
  summary: 'a folder for transformers.js',
  ending: undefined,
  make: async (trained) => {
    const { network, picture } = trained;
    const model = withPixelValues(await networkModel(trained));
    const bytes = modelFile(model, trained);
    return {
      files: new Map([
        ['config.json', json(configOf(trained))],
        ['preprocessor_config.json', json(preprocessorOf(picture))],
        ['onnx/model.onnx', bytes],
      ]),
      open: (batchSize) => openLogitsModel(bytes, trained, inputName, batchSize),
      interface: descriptionOf(picture, network.classes),
      usage,
    };
  },
};

/** The name of the input in transformers.js. */
const inputName = 'pixel_values';

/** Renames the input. The names of the input and the output are those that transformers.js uses. */
function withPixelValues(model: OnnxGraph): OnnxGraph {
  const rename = (name: string) => (name === pixelsName ? inputName : name);
  return {
    ...model,
    inputs: model.inputs.map((input) => ({ ...input, name: rename(input.name) })),
    nodes: model.nodes.map((node) => ({ ...node, inputs: node.inputs.map(rename) })),
  };
}

/** transformers.js chooses the class that loads the model by its type. Any type that maps pixel_values to logits works. */
function configOf({ classes, metadata }: TrainedNetwork): object {
  const labels = classes.map((name, index) => [name, index] as const);
  return {
    architectures: ['ResNetForImageClassification'],
    model_type: 'resnet',
    id2label: Object.fromEntries(labels.map(([name, index]) => [index, name])),
    label2id: Object.fromEntries(labels),
    cifar10: { network: metadata.network, recipe: metadata.recipe, globalStep: metadata.globalStep },
    // In browsers, transformers.js would load a quantized model by default, which this folder does not contain.
    'transformers.js_config': { dtype: 'fp32' },
  };
}

function preprocessorOf([, height, width]: ImageShape): object {
  return {
    image_processor_type: 'ViTImageProcessor',
    do_convert_rgb: true,
    do_resize: true,
    size: { shortest_edge: Math.min(height, width) },
    // Lanczos, as in `pictures/decode.ts`.
    resample: 1,
    do_center_crop: true,
    crop_size: { height, width },
    // The model takes values of 0 … 255, and normalizes them itself.
    do_rescale: false,
    do_normalize: false,
  };
}

function json(value: object): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, undefined, 2)}\n`);
}

function descriptionOf([channels, height, width]: ImageShape, classes: number): string {
  return [
    `- Input \`pixel_values\`: float32 \`[N, ${channels}, ${height}, ${width}]\` of values from 0 to 255, for any number N of`,
    '  pictures. Cropping and normalization are part of the model.',
    `- Output \`logits\`: float32 \`[N, ${classes}]\`. Their softmax are the probabilities of the classes.`,
  ].join('\n');
}

const usage = (path: string): CodeSample => ({
  language: 'js',
  lines: [
    "import { env, pipeline } from '@huggingface/transformers';",
    "env.localModelPath = '.';",
    'env.allowRemoteModels = false; // Otherwise, it asks huggingface.co for files that are not in the folder.',
    `const classify = await pipeline('image-classification', ${JSON.stringify(path)});`,
    "const [best] = await classify('picture.png'); // { label, score }",
  ],
});
