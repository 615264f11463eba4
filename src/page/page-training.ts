/**
 * Training in a page: the same order of examples, distortions, graph and first weights as in Node.js, with one session of ONNX Runtime
 * that the page passes. The state is a checkpoint in the format of Node.js, so a run that began in a page continues there or on a
 * machine, with `train --init-from`.
 */
import {
  aWholeNumber,
  type OptionChecks,
  optional,
  requireFiniteNumber,
  requireObject,
  requireOptions,
} from '../arguments.ts';
import { type Checkpoint, decodeContent, encodeContent } from '../checkpoint/content.ts';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { Sha256 } from '../checkpoint/sha256.ts';
import { examplesIn } from '../data/dataset.ts';
import { RunError, UsageError } from '../errors.ts';
import { scoredWeights, weightsOf } from '../evaluation/weights.ts';
import { pictureModel } from '../export/portable-model.ts';
import { type TrainedNetwork, trainedNetwork } from '../export/trained-network.ts';
import { imageShapeFor, makeImages } from '../input/augmentations.ts';
import { type BatchBuffers, BatchMaker } from '../input/batch.ts';
import { ExampleOrder } from '../input/order.ts';
import { sampleImages } from '../input/sample-images.ts';
import { makeNetwork } from '../model/networks.ts';
import { changed, type Recipe, type RecipeOptions, recipeOptionChecks } from '../recipe/recipe.ts';
import { tutorialRecipe } from '../recipe/recipes/tutorial.ts';
import { type Float32Tensor, float32, scalar, type Tensor } from '../tensor/tensor.ts';
import { drawMasks } from '../training/dropout-masks.ts';
import { recipeOfCheckpoint } from '../training/stored-run.ts';
import {
  buildTrainingGraph,
  initialVariables,
  logitsName,
  stepScalars,
  type TrainingGraph,
} from '../training/training-graph.ts';
import { version } from '../version.ts';
import type { PageExamples } from './page-examples.ts';
import { type PageDevice, type PageRuntime, requireRuntime } from './page-runtime.ts';
import { type PageScore, scoreExamples } from './page-score.ts';
import { floatsOf, PageSession } from './page-session.ts';

/** What a step found. */
export interface PageStep {
  /** The number of the step, from 0. */
  readonly step: number;
  /** The loss of the batch, computed before the update. */
  readonly totalLoss: number;
  /** The part of the loss that measures the predictions, without weight decay. */
  readonly crossEntropy: number;
  readonly learningRate: number;
  /** The fraction of the images of the batch that were classified correctly before the update. */
  readonly precision: number;
}

/** The state of a run after a number of steps. */
export interface PageLook {
  /** The number of steps taken. */
  readonly step: number;
  readonly score: PageScore;
  /** As `PageTraining.filters` returns them. */
  readonly filters: Float32Tensor | undefined;
  /** The checkpoint file. */
  readonly checkpoint: Uint8Array;
}

/** A run to begin. */
export interface PageRunOptions extends RecipeOptions {
  /** Default: 0. */
  readonly seed?: number;
}

const runChecks: OptionChecks<PageRunOptions> = { ...recipeOptionChecks, seed: optional(aWholeNumber(0)) };

/** A run that trains in a page. Call `release` when you are done with it.
 * @example
 * import { drawGeneratedSet, pageRecipe, PageTraining } from 'cifar10-ts/browser';
 * import * as ort from 'onnxruntime-web';
 *
 * const device = { kind: 'cpu', threads: 1, library: 'onnxruntime-web' } as const;
 * const examples = await drawGeneratedSet();
 * const training = await PageTraining.create(ort, device, examples, pageRecipe(examples.training.count));
 * for (let step = 0; step < 200; step++) console.log((await training.trainStep()).totalLoss);
 * console.log((await training.evaluate()).precision); */
export class PageTraining {
  /** The recipe with which the run began. */
  readonly recipe: Recipe;
  /** The training and held-out examples. */
  readonly examples: PageExamples;
  /** The seed of first weights, order and distortions. */
  readonly seed: number;
  readonly #runtime: PageRuntime;
  readonly #device: PageDevice;
  readonly #training: TrainingGraph;
  readonly #session: PageSession;
  readonly #order: ExampleOrder;
  readonly #batches: BatchMaker;
  readonly #buffers: BatchBuffers;
  readonly #checksum: string;
  readonly #history: string[];
  #learningRate: number;
  #step: number;
  #isStepping = false;

  private constructor(
    runtime: PageRuntime,
    device: PageDevice,
    examples: PageExamples,
    start: PageStart,
    training: TrainingGraph,
    session: PageSession,
  ) {
    const { recipe, seed, step, history } = start;
    const { dataset, records, count } = examples.training;
    this.recipe = recipe;
    this.examples = examples;
    this.seed = seed;
    this.#runtime = runtime;
    this.#device = device;
    this.#training = training;
    this.#session = session;
    this.#order = new ExampleOrder(seed, count);
    this.#batches = new BatchMaker(
      examples.training,
      makeImages(recipe, training.network.imageShape, dataset),
    );
    this.#buffers = this.#batches.buffers(recipe.batchSize);
    this.#checksum = new Sha256().update(records).digest();
    this.#history = [...history];
    this.#learningRate = recipe.hyperparameters.learningRate;
    this.#step = step;
  }

  /** Begins a run with first weights that depend on the seed.
   * @param runtime the module `onnxruntime-web`
   * @param device where it computes. `webgpu` needs the module `onnxruntime-web/webgpu`
   * @param options those of a recipe, such as `pageRecipe(count)`, and the seed. Default: the recipe of the tutorial
   * @throws UsageError for another argument, for an option that is out of range, and for `earlySize`
   * @throws RunError when the augmentation cannot make the network's images, or ONNX Runtime fails */
  static async create(
    runtime: PageRuntime,
    device: PageDevice,
    examples: PageExamples,
    options: PageRunOptions = {},
  ): Promise<PageTraining> {
    requireOptions(options, runChecks);
    const { seed = 0 } = options;
    const recipe = { ...changed(tutorialRecipe, options), name: 'page' };
    return PageTraining.#open(runtime, device, examples, { recipe, seed, step: 0, history: [] });
  }

  /** Continues a run from its checkpoint.
   * @throws UsageError for the checkpoint of a run with `earlySize`
   * @throws RunError when the checkpoint is damaged, or belongs to other examples */
  static async resume(
    runtime: PageRuntime,
    device: PageDevice,
    examples: PageExamples,
    file: Uint8Array,
  ): Promise<PageTraining> {
    requireExamples(examples);
    const { tensors, metadata } = decodeContent(file, 'the checkpoint', () => new Sha256());
    const found = new Sha256().update(examples.training.records).digest();
    if (metadata.dataset.checksum !== found)
      throw new RunError(
        'the checkpoint belongs to other pictures, so the run cannot be continued with these',
      );
    const { seed, globalStep: step, history } = metadata;
    const start = { recipe: recipeOfCheckpoint(metadata), seed, step, history, tensors };
    return PageTraining.#open(runtime, device, examples, start);
  }

  static async #open(
    runtime: PageRuntime,
    device: PageDevice,
    examples: PageExamples,
    start: PageStart,
  ): Promise<PageTraining> {
    requireRuntime(runtime, device);
    requireExamples(examples);
    const { recipe, seed, tensors } = start;
    const { earlySize } = recipe.hyperparameters;
    if (earlySize > 0)
      throw new UsageError(
        `\`earlySize: ${earlySize}\`: all steps of a run in a page have images of the same size; use \`earlySize: 0\``,
      );
    const { training } = examples;
    const { classes, record } = training.dataset;
    const { name, configuration } = recipe.network;
    const shape = imageShapeFor(recipe.augmentation, record.image);
    const network = makeNetwork(name, classes.length, configuration, shape);
    const { batchSize, hyperparameters, groups, freeze } = recipe;
    const graph = buildTrainingGraph({ network, batchSize, hyperparameters, groups, freeze });
    const session = await PageSession.create(runtime, graph.graph, device);
    const images = sampleImages(training, recipe, network.imageShape);
    session.write(tensors ?? initialVariables(graph, seed, undefined, images));
    return new PageTraining(runtime, device, examples, start, graph, session);
  }

  /** The number of steps taken. */
  get step(): number {
    return this.#step;
  }

  /** The names of the activations, in the order of the layers. */
  get activations(): readonly string[] {
    return this.#training.activations;
  }

  /** The learning rate of the recipe. It can be changed during the run; checkpoints record that. */
  get learningRate(): number {
    return this.#learningRate;
  }

  /** @throws UsageError for a rate that is not positive */
  set learningRate(rate: number) {
    requireFiniteNumber('learningRate', rate, Number.MIN_VALUE);
    if (rate === this.#learningRate) return;
    // A step that is being made has the rate with which it began.
    const first = this.#step + (this.#isStepping ? 1 : 0);
    if (first > 0) this.#history.push(`step ${first}: learningRate: ${this.#learningRate}, now ${rate}`);
    this.#learningRate = rate;
  }

  /** Makes one update.
   * @throws RunError when the loss is no longer finite; the weights are then useless, and a lower learning rate is needed */
  async trainStep(): Promise<PageStep> {
    const step = this.#step;
    const { images, labels } = this.#batches.training(this.#order, step, this.#buffers);
    const scalars = stepScalars(step, this.examples.training.count, this.#recipeNow());
    const shape = [labels.length, ...this.#training.network.imageShape];
    this.#isStepping = true;
    const stepping = this.#session.step(
      new Map<string, Tensor>([
        ['images', float32(shape, images)],
        ['labels', { dtype: 'int32', shape: [labels.length], data: labels }],
        ...[...scalars].map(([name, value]) => [name, scalar(value)] as const),
        ...drawMasks(this.#training.masks, this.seed, step),
      ]),
    );
    const outputs = await stepping.finally(() => {
      this.#isStepping = false;
    });
    const loss = (name: string) => floatsOf(outputs, name)[0] ?? Number.NaN;
    const totalLoss = loss('total_loss');
    this.#step = step + 1;
    if (!Number.isFinite(totalLoss))
      throw new RunError(
        `the loss is ${totalLoss} at step ${step}, so the weights are lost. Begin again with a lower learning rate ` +
          `than ${this.#learningRate}`,
      );
    return {
      step,
      totalLoss,
      crossEntropy: loss('cross_entropy'),
      learningRate: scalars.get('learning_rate') ?? Number.NaN,
      precision: shareCorrect(floatsOf(outputs, logitsName), labels),
    };
  }

  /** Scores the held-out examples with the moving averages of the weights, as an evaluation in Node.js does.
   * @param onProgress called with the fraction that is scored */
  async evaluate(onProgress?: (done: number) => void): Promise<PageScore> {
    return scoreExamples(
      this.#runtime,
      this.#device,
      await this.#trained(),
      this.examples.heldOut,
      onProgress,
    );
  }

  /** Returns the network with its weights. */
  async #trained(): Promise<TrainedNetwork> {
    const checkpoint = await this.#checkpoint();
    return trainedNetwork({ path: 'the page', checkpoint }, 'ema');
  }

  /** Returns the filters of the first layer, [filters, C, H, W], or undefined if the first layer is no convolution. */
  async filters(): Promise<Float32Tensor | undefined> {
    const values = await this.#session.read();
    const { parameters } = this.#training;
    const weights = scoredWeights(this.recipe.hyperparameters, 'ema');
    const first = parameters.find(({ variable }) => variable.shape.length === 4)?.variable;
    return first && weightsOf(values, { ...first, role: 'parameter' }, weights);
  }

  /** Scores the run, and returns its filters and checkpoint. No step may be made meanwhile.
   * @throws RunError when weights are not finite: the run is then lost */
  async look(): Promise<PageLook> {
    const { tensors } = await this.#checkpoint();
    for (const [name, { data }] of tensors)
      if (!data.every(Number.isFinite))
        throw new RunError(
          `after step ${this.#step}, ${name} has values that are not finite, so the weights are lost. Begin again with a ` +
            `lower learning rate than ${this.#learningRate}`,
        );
    return {
      step: this.#step,
      score: await this.evaluate(),
      filters: await this.filters(),
      checkpoint: await this.checkpoint(),
    };
  }

  /** Returns the state of the run as a checkpoint file, `model.ckpt-N.safetensors`. */
  async checkpoint(): Promise<Uint8Array> {
    return encodeContent(await this.#checkpoint(), () => new Sha256());
  }

  /** Returns the file that `export --format onnx` writes. */
  async onnxFile(): Promise<Uint8Array> {
    return pictureModel(await this.#trained(), async (graph, values) => {
      const session = await PageSession.create(this.#runtime, graph, this.#device);
      try {
        session.write(values);
        return await session.step(new Map());
      } finally {
        await session.release();
      }
    });
  }

  /** Frees the memory of the run. */
  release(): Promise<void> {
    return this.#session.release();
  }

  #recipeNow(): Recipe {
    const { recipe } = this;
    return { ...recipe, hyperparameters: { ...recipe.hyperparameters, learningRate: this.#learningRate } };
  }

  async #checkpoint(): Promise<Checkpoint> {
    return { tensors: await this.#session.read(), metadata: this.#metadata() };
  }

  #metadata(): CheckpointMetadata {
    const { dataset } = this.examples.training;
    const { name, ...recipe } = this.#recipeNow();
    return {
      ...recipe,
      globalStep: this.#step,
      skippedSteps: 0,
      lossScale: undefined,
      seed: this.seed,
      dataset: {
        name: dataset.name,
        labels: dataset.labels,
        trainingExamples: examplesIn(dataset, 'train'),
        testExamples: examplesIn(dataset, 'test'),
        classes: dataset.classes,
        checksum: this.#checksum,
        image: dataset.record.image,
        statistics: dataset.statistics,
        origin: dataset.origin,
      },
      recipe: name,
      holdout: 0,
      validationPrecision: null,
      ...{ precision: 'float32', engine: 'onnx', device: this.#device.kind },
      ...{ threads: this.#device.threads, towers: 1, ranks: 1 },
      history: this.#history,
      versions: { cifar10: version, node: 'none (a web page)', engine: this.#device.library },
    };
  }
}

function requireExamples(examples: PageExamples): void {
  requireObject('examples', examples, 'heldOut', 'what examplesOfPictures or drawGeneratedSet returns');
}

/** What a run begins with. */
interface PageStart {
  readonly recipe: Recipe;
  readonly seed: number;
  readonly step: number;
  readonly history: readonly string[];
  /** The variables of a run that continues. */
  readonly tensors?: ReadonlyMap<string, Float32Tensor>;
}

/** Returns the fraction of the rows whose label has the highest logit; of equal ones, the first counts. */
function shareCorrect(logits: Float32Array, labels: Int32Array): number {
  const classes = logits.length / labels.length;
  let correct = 0;
  for (const [row, label] of labels.entries()) {
    const scores = logits.subarray(row * classes, (row + 1) * classes);
    if (scores.indexOf(Math.max(...scores)) === label) correct++;
  }
  return correct / labels.length;
}
