/**
 * `cifar10-ts/browser`: the parts that run in a web page. A page can classify pictures with an exported ONNX file
 * (`openExportedModel`), or build networks, training steps and batches, and run their ONNX models with `onnxruntime-web`.
 *
 * @module cifar10-ts/browser
 */
export { gradients } from './autodiff/gradients.ts';
export { withLabels } from './data/dataset.ts';
export { datasets } from './data/datasets.ts';
export type { ExampleRecords } from './data/examples.ts';
export { encodeRecord } from './data/record.ts';
export { onnxModel } from './engine/onnx/compile/compile.ts';
export { prepare as prepareForOnnx } from './engine/onnx/compile/passes.ts';
export { GraphError, RunError, UsageError } from './errors.ts';
export type { EvaluationGraph } from './evaluation/evaluation-graph.ts';
export { buildEvaluationGraph } from './evaluation/evaluation-graph.ts';
export { printGraph } from './graph/print.ts';
export type { ImageRecipe, ImageSource } from './input/augmentations.ts';
export { makeImages, tutorialImages } from './input/augmentations.ts';
export type { Batch, BatchBuffers, BatchPart } from './input/batch.ts';
export { BatchMaker } from './input/batch.ts';
export { ExampleOrder } from './input/order.ts';
export { sampleImages } from './input/sample-images.ts';
export { defineNetwork } from './model/define-network.ts';
export {
  constantInit,
  diracThen,
  heNormal,
  truncatedNormal,
  uniformByFanIn,
} from './model/initializers.ts';
export { Layers } from './model/layers.ts';
export type { TutorialWidths } from './model/networks/tutorial.ts';
export { tutorialNetwork } from './model/networks/tutorial.ts';
export { makeNetwork, networkNames } from './model/networks.ts';
export { whiteningInit } from './model/whitening.ts';
export { GraphBuilder } from './ops/builder.ts';
export type {
  ExportedModel,
  OnnxOutput,
  OnnxRuntime,
  OnnxSession,
  PageClassifyOptions,
} from './page/exported-model.ts';
export { openExportedModel } from './page/exported-model.ts';
export type { LabeledPicture, PageExamples } from './page/page-examples.ts';
export { drawGeneratedSet, examplesOfPictures } from './page/page-examples.ts';
export type { Insight, LayerActivation } from './page/page-model.ts';
export { PageModel } from './page/page-model.ts';
export { pageRecipe } from './page/page-recipe.ts';
export type { PageDevice, PageRuntime, TensorMaker } from './page/page-runtime.ts';
export type { PageMistake, PageScore } from './page/page-score.ts';
export type { PageLook, PageRunOptions, PageStep } from './page/page-training.ts';
export { PageTraining } from './page/page-training.ts';
export { multiplyAdds } from './passes/multiply-adds.ts';
export { withoutWatched } from './passes/watch.ts';
export type * from './portable.ts';
export { tutorialHyperparameters } from './recipe/hyperparameters.ts';
export { recipeNames, recipes } from './recipe/recipes.ts';
export type { GraphOptions, GraphRecipe, ScalarOptions, TrainingGraph } from './training/training-graph.ts';
export { buildTrainingGraph, initialVariables, stepScalars } from './training/training-graph.ts';
