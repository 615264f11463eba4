/** A safetensors file with the weights, under our names or under those of a PyTorch module. */
import { decodeSafetensors, encodeSafetensors } from '../../checkpoint/safetensors.ts';
import { buildEvaluationGraph } from '../../evaluation/evaluation-graph.ts';
import { networkNames } from '../../model/networks.ts';
import { torchWeights } from '../../model/torch-names.ts';
import { transposed } from '../../tensor/permuted.ts';
import { type Float32Tensor, float32, float32Data, type Tensor } from '../../tensor/tensor.ts';
import { version } from '../../version.ts';
import type { CodeSample, ExportFormat, WeightNames } from '../format.ts';
import { liveNetwork } from '../live-network.ts';
import type { TrainedNetwork } from '../trained-network.ts';

export const safetensors: ExportFormat & { readonly name: 'safetensors' } = {
  name: 'safetensors',
  summary: 'a safetensors file with the weights',
  ending: '.safetensors',
  make: async (trained, { names }) => {
    const layout = layouts[names](trained);
    const stored = new Map([...trained.values].map(([name, value]) => layout.store(name, value)));
    const bytes = encodeSafetensors(stored, metadataOf(trained, names));
    return {
      files: new Map([['', bytes]]),
      open: (batchSize) => {
        const { tensors } = decodeSafetensors(bytes, 'the exported file');
        const values = [...trained.values.keys()].map((name) => [name, layout.load(name, tensors)] as const);
        return liveNetwork(trained, new Map(values), batchSize);
      },
      interface: descriptions[names],
      // The PyTorch modules in the example are those of the networks of this package.
      usage: usages[networkNames.includes(trained.network.name) ? names : 'cifar10'],
    };
  },
};

/** Names and layouts of tensors in a file. */
interface Layout {
  readonly store: (name: string, value: Float32Tensor) => readonly [string, Float32Tensor];
  readonly load: (name: string, tensors: ReadonlyMap<string, Tensor>) => Float32Tensor;
}

const layouts: { readonly [N in WeightNames]: (trained: TrainedNetwork) => Layout } = {
  cifar10: () => ({
    store: (name, value) => [name, value],
    load: (name, tensors) => tensorOf(tensors, name),
  }),
  torch: ({ network }) => {
    const weights = torchWeights(buildEvaluationGraph(network, 1));
    const of = (name: string) => weights.get(name) ?? { name, isTransposed: false };
    return {
      store: (path, value) => {
        const { name, isTransposed } = of(path);
        return [name, isTransposed ? transposed(value) : value];
      },
      load: (path, tensors) => {
        const { name, isTransposed } = of(path);
        const value = tensorOf(tensors, name);
        return isTransposed ? transposed(value) : value;
      },
    };
  },
};

function tensorOf(tensors: ReadonlyMap<string, Tensor>, name: string): Float32Tensor {
  const found = tensors.get(name);
  if (found === undefined) throw new RangeError(`the exported file has no tensor ${name}`);
  return float32(found.shape, float32Data(found));
}

/** Every value is a text, as the format requires. `format: pt` tells Hugging Face's libraries that the tensors are for PyTorch. */
function metadataOf(
  { metadata, dataset, classes, picture, weights }: TrainedNetwork,
  names: WeightNames,
): Readonly<Record<string, string>> {
  const { network, recipe, globalStep, augmentation, normalization, precision } = metadata;
  return {
    ...(names === 'torch' && { format: 'pt' }),
    program: `cifar10 ${version}`,
    names,
    weights,
    network: network.name,
    configuration: JSON.stringify(network.configuration),
    classes: JSON.stringify(classes),
    image: JSON.stringify(picture),
    augmentation,
    normalization,
    statistics: JSON.stringify(dataset.statistics),
    recipe,
    global_step: String(globalStep),
    precision,
    dataset: metadata.dataset.name,
    data_checksum: metadata.dataset.checksum,
  };
}

const common = [
  '- The metadata of the file contain the network (`network`, `configuration`), the names of the classes, how images are made',
  '  (`augmentation`, `normalization`, `statistics`), and where the weights come from.',
];

const descriptions: { readonly [N in WeightNames]: string } = {
  cifar10: [
    '- Tensors, float32, under the names of their variables, such as `conv1/weights`. Filters are',
    '  `[out, in, rows, columns]`, dense weights are `[in, out]`.',
    ...common,
  ].join('\n'),
  torch: [
    '- Tensors, float32, under the names of a PyTorch module, such as `conv1.weight`, in its layouts: filters are',
    '  `[out, in, rows, columns]`, dense weights are `[out, in]`.',
    ...common,
  ].join('\n'),
};

const usages: { readonly [N in WeightNames]: (path: string) => CodeSample } = {
  cifar10: (path) => ({
    language: 'python',
    lines: [
      'from safetensors.numpy import load_file',
      `weights = load_file(${JSON.stringify(path)})`,
      'print({name: tensor.shape for name, tensor in weights.items()})',
    ],
  }),
  torch: (path) => ({
    language: 'python',
    lines: [
      'from networks import load  # examples/torch/networks.py of cifar10',
      `model, classes = load(${JSON.stringify(path)})`,
      'probabilities = model(images).softmax(1)  # uint8 [N, 3, H, W]',
    ],
  }),
};
