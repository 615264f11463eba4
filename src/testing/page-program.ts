/** Does everything that training in a browser does before an engine computes. `page.test.ts` runs it in a browser-like
 * context and in Node, and compares the results. */
import { type Examples, recordIndexOf } from '../data/examples.ts';
import { encodeRecord, imageBytes, recordBytes } from '../data/record.ts';
import { compileGraph, onnxModel } from '../engine/onnx/compile/compile.ts';
import { prepare } from '../engine/onnx/compile/passes.ts';
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import { printGraph } from '../graph/print.ts';
import { type Batch, distortedBatch, evaluationBatch, newBuffers } from '../input/batch.ts';
import { ExampleOrder } from '../input/order.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { optimizerNames } from '../optimizer/optimizers.ts';
import { splitExchange } from '../passes/split-exchange.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { RandomStream } from '../tensor/random.ts';
import { bytesOf } from '../tensor/tensor.ts';
import { buildTrainingGraph, initialVariables, stepScalars } from '../training/training-graph.ts';

const batchSize = 8;
const network = tutorialNetwork(10);

/** All results by name, as text or bytes. */
export function madeInPage(): Readonly<Record<string, string | Uint8Array>> {
  const examples = noise(20);
  const order = new ExampleOrder(0, examples.count);
  return {
    ...tutorialStep(),
    ...otherOptimizers(),
    evaluationModel: onnxModel(buildEvaluationGraph(network, batchSize)),
    ...partsOf('training', distortedBatch(examples, order, 4, newBuffers(batchSize))),
    ...partsOf('evaluation', evaluationBatch(examples, 2, newBuffers(batchSize))),
  };
}

/** The step of the tutorial: its graph before and after the passes, its models, and its initial variables. */
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

/** The model of a step with gradient clipping, for every optimizer. */
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

/** Records of noise in memory, of which every second one is an example. */
function noise(count: number): Pick<Examples, 'count' | 'records' | 'recordIndices'> {
  const records = new Uint8Array(2 * count * recordBytes);
  const recordIndices = Uint32Array.from({ length: count }, (_, index) => 2 * index);
  for (let index = 0; index < count; index++) {
    const stream = new RandomStream(index, 'test');
    const pixels = Uint8Array.from({ length: imageBytes }, () => stream.below(256));
    records.set(encodeRecord(index % 10, pixels), recordIndexOf({ recordIndices }, index) * recordBytes);
  }
  return { count, records, recordIndices };
}

function partsOf(name: string, { images, labels, examples }: Batch): Readonly<Record<string, Uint8Array>> {
  const bytes = ({ buffer }: Float32Array | Int32Array | Uint32Array) => new Uint8Array(buffer);
  return {
    [`${name} images`]: bytes(images),
    [`${name} labels`]: bytes(labels),
    [`${name} examples`]: bytes(examples),
  };
}
