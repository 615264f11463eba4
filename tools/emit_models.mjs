// @ts-check
/**
 * Writes the ONNX models that training and evaluation of the tutorial's network run, so that they can be viewed with other
 * programs.
 *
 *     npm run build && node tools/emit_models.mjs FOLDER
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildEvaluationGraph,
  buildTrainingGraph,
  onnxModel,
  tutorialHyperparameters,
  tutorialNetwork,
} from '../dist/node.js';

const [folder = 'models'] = process.argv.slice(2);
const network = tutorialNetwork(10);
const graphs = [
  buildTrainingGraph({ network, batchSize: 128, hyperparameters: tutorialHyperparameters }).graph,
  buildEvaluationGraph(network, 128),
];
mkdirSync(folder, { recursive: true });
for (const graph of graphs) {
  const file = join(folder, `${graph.name}.onnx`);
  const bytes = onnxModel(graph);
  writeFileSync(file, bytes);
  console.log(`${file}: ${bytes.length} bytes`);
}
