/** The network in an exported ONNX file, rebuilt from what the file says about itself and from its weights. */
import type { ImageShape } from '../data/record.ts';
import { RunError } from '../errors.ts';
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import { augmentationNames, imageShapeFor, makeImages } from '../input/augmentations.ts';
import { normalizationNames } from '../input/normalization.ts';
import { storedClasses, storedImage, storedStep } from '../predict/exported-contract.ts';
import { dictionaryOf, finiteNumber, json, listOf, oneOf, type Reader, record } from '../readers.ts';
import type { Float32Tensor } from '../tensor/tensor.ts';
import { storedNetwork } from '../training/stored-network.ts';
import { onnxMetadata } from './onnx-metadata.ts';
import { onnxWeights } from './onnx-weights.ts';
import type { ExplainedNetwork } from './page-model.ts';

const file = 'the ONNX file';

/** @throws RunError for a file of another program, and for one whose weights are not those of the network, because batch normalization
 * is folded into them */
export function openOnnxNetwork(bytes: Uint8Array): ExplainedNetwork {
  const metadata = onnxMetadata(bytes);
  const read = <T>(name: string, reader: Reader<T>): T => {
    const value = metadata.get(name);
    if (value !== undefined) return reader(value, `${file}: ${name}`);
    throw new RunError(
      `not an ONNX file that this program exported: it has no ${name} in its metadata_props. Write one with export`,
    );
  };
  const classes = read('classes', storedClasses);
  const picture: ImageShape | undefined = read('image', storedImage);
  if (picture === undefined) throw new RunError(`${file}: expected pictures of [3, S, S]`);
  const configuration = read('configuration', json(dictionaryOf(finiteNumber)));
  const augmentation = read('augmentation', oneOf(augmentationNames));
  const normalization = read('normalization', oneOf(normalizationNames));
  const statistics = read(
    'statistics',
    json(record({ mean: listOf(finiteNumber), deviation: listOf(finiteNumber) })),
  );
  const name = metadata.get('network') ?? '';
  const shape = imageShapeFor(augmentation, picture);
  const network = storedNetwork(file, { name, configuration }, classes.length, shape);
  const source = { title: file, record: { labels: [], image: picture }, statistics };
  const images = makeImages({ augmentation, normalization }, network.imageShape, source);
  const stored = onnxWeights(bytes);
  const values = new Map<string, Float32Tensor>();
  for (const variable of buildEvaluationGraph(network, 1).variables.values()) {
    const found = stored.get(variable.name);
    if (found === undefined || found.shape.join() !== variable.shape.join())
      throw new RunError(
        `${file} lacks ${variable.name}: exporting has merged the weights of the network ${name}, so a page can classify with the file, ` +
          'but not explain it. Use a checkpoint of the run instead',
      );
    values.set(variable.name, found);
  }
  return { ...{ network, picture, images, values, classes }, globalStep: read('global_step', storedStep) };
}
