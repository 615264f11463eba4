// @ts-check
/** Our own training, as the page does it: every step distorts a batch, and computes the update and moving averages. */
import * as ort from 'onnxruntime-web/wasm';
import {
  buildEvaluationGraph,
  drawGeneratedSet,
  makeNetwork,
  onnxModel,
  PageTraining,
  pageRecipe,
} from '../../dist/browser.js';
import { dataFor, serve, side } from './common.mjs';

serve(async (request) => {
  const { name, batch, threads, widths } = request;
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = {
    wasm: '/ort-wasm-simd-threaded.wasm',
    mjs: '/ort-wasm-simd-threaded.mjs',
  };
  const device = /** @type {const} */ ({ kind: 'cpu', threads, library: 'onnxruntime-web' });
  const examples = await drawGeneratedSet();
  const network = { name: 'cifar10', configuration: widths };
  const recipe =
    name === 'page' ? pageRecipe(examples.training.count) : { hyperparameters: { learningRate: 0.01 } };
  const training = await PageTraining.create(ort, device, examples, { ...recipe, network, batchSize: batch });

  const evaluated = makeNetwork('cifar10', 10, widths);
  const graph = buildEvaluationGraph(evaluated, batch);
  const session = await ort.InferenceSession.create(onnxModel(graph), { executionProviders: ['wasm'] });
  const { images } = dataFor(request);
  const feeds = Object.fromEntries(
    session.inputNames.map((input) => {
      if (input === 'images') return [input, new ort.Tensor('float32', images, [batch, 3, side, side])];
      const shape = graph.variables.get(input)?.shape ?? [];
      const count = shape.reduce((a, b) => a * b, 1);
      return [input, new ort.Tensor('float32', new Float32Array(count).fill(0.01), shape)];
    }),
  );
  return {
    version: `onnxruntime-web ${ort.env.versions.web}`,
    train: async () => (await training.trainStep()).totalLoss,
    infer: async () => {
      await session.run(feeds);
    },
  };
});
