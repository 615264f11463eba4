/** Does everything that training in a browser does before an engine computes. `page.test.ts` runs it in a browser-like
 * context and in Node, and compares the results. */
import { datasets } from '../data/datasets.ts';
import { type ExampleRecords, recordIndexOf } from '../data/examples.ts';
import { encodeRecord, imageBytes, recordBytes } from '../data/record.ts';
import { compileGraph, onnxModel } from '../engine/onnx/compile/compile.ts';
import { prepare } from '../engine/onnx/compile/passes.ts';
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import { printGraph } from '../graph/print.ts';
import { makeImages, tutorialImages } from '../input/augmentations.ts';
import { type Batch, BatchMaker } from '../input/batch.ts';
import { ExampleOrder } from '../input/order.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { optimizerNames } from '../optimizer/optimizers.ts';
import { splitExchange } from '../passes/split-exchange.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { RandomStream } from '../tensor/random.ts';
import { bytesOf } from '../tensor/tensor.ts';
import { buildTrainingGraph, initialVariables, stepScalars } from '../training/training-graph.ts';

const batchSize = 8;
const network = tutorialNetwork(10, { conv1: 16, conv2: 16, local3: 96, local4: 48 });

/** Returns all results by name, as text or bytes. */
export function madeInPage(): Readonly<Record<string, string | Uint8Array>> {
  const examples = noise(20);
  const order = new ExampleOrder(0, examples.count);
  const { dataset } = examples;
  const maker = new BatchMaker(examples, makeImages(tutorialImages, network.imageShape, dataset));
  return {
    ...tutorialStep(),
    ...otherOptimizers(),
    evaluationModel: onnxModel(buildEvaluationGraph(network, batchSize)),
    ...partsOf('training', maker.training(order, 4, maker.buffers(batchSize))),
    ...partsOf('evaluation', maker.evaluation(2, maker.buffers(batchSize))),
  };
}

/** Returns the step of the tutorial: its graph before and after the passes, its models, and its initial variables. */
function tutorialStep(): Readonly<Record<string, string | Uint8Array>> {
  const recipe = { network, batchSize, hyperparameters: tutorialHyperparameters };
  const training = buildTrainingGraph(recipe);
  const { model, watch, ...rest } = compileGraph(training.graph);
  const variables = [...initialVariables(training, 1)];
  return {
    graph: printGraph(training.graph),
    prepared: printGraph(prepare(training.graph)),
    halves: splitExchangeOf(training.graph),
    model,
    watchModel: watch?.model ?? '',
    names: JSON.stringify({ ...rest, watched: [...rest.watched] }),
    scalars: JSON.stringify([...stepScalars(1000, 50_000, recipe)]),
    ...Object.fromEntries(variables.map(([name, tensor]) => [`first ${name}`, bytesOf(tensor)])),
  };
}

function splitExchangeOf(graph: Parameters<typeof splitExchange>[0]): string {
  const { first, second } = splitExchange(graph);
  return `${printGraph(first)}\n${printGraph(second)}`;
}

/** Returns the model of a step with gradient clipping, for every optimizer. */
function otherOptimizers(): Readonly<Record<string, Uint8Array>> {
  const models = optimizerNames.map((optimizer) => {
    const hyperparameters = { ...tutorialHyperparameters, optimizer, clipNorm: 5 };
    return [
      `model ${optimizer}`,
      onnxModel(buildTrainingGraph({ network, batchSize, hyperparameters }).graph),
    ];
  });
  return Object.fromEntries(models);
}

/** Makes records of noise in memory, of which every second one is an example. */
function noise(count: number): ExampleRecords {
  const dataset = datasets.synthetic;
  const { record } = dataset;
  const size = recordBytes(record);
  const records = new Uint8Array(2 * count * size);
  const recordIndices = Uint32Array.from({ length: count }, (_, index) => 2 * index);
  for (let index = 0; index < count; index++) {
    const stream = new RandomStream(index, 'test');
    const pixels = Uint8Array.from({ length: imageBytes(record.image) }, () => stream.below(256));
    records.set(encodeRecord(record, [index % 10], pixels), recordIndexOf({ recordIndices }, index) * size);
  }
  return { dataset, count, records, recordIndices };
}

function partsOf(name: string, { images, labels, examples }: Batch): Readonly<Record<string, Uint8Array>> {
  const bytes = ({ buffer }: Float32Array | Int32Array | Uint32Array) => new Uint8Array(buffer);
  return {
    [`${name} images`]: bytes(images),
    [`${name} labels`]: bytes(labels),
    [`${name} examples`]: bytes(examples),
  };
}
