/** What the evaluator shows of a checkpoint: precision, per class too, the confusion matrix, mistakes, what layers do. */

import { type Examples, placeOf } from '../data/examples.ts';
import { imageChannels, imageSize, pixelsOf } from '../data/record.ts';
import type { Engine, Session } from '../engine/engine.ts';
import type { Graph, Variable } from '../graph/graph.ts';
import { evaluationBatch, newBuffers } from '../input/batch.ts';
import { inference, type Network } from '../model/network.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { drawConfusion } from '../summary/draw-confusion.ts';
import { drawFilters, drawGrid } from '../summary/draw-grid.ts';
import type { Picture } from '../summary/picture.ts';
import { encodeImage } from '../summary/png.ts';
import { imageOf, type RecordedValue, scalarOf } from '../summary/recorded-value.ts';
import { type Float32Tensor, float32, sizeOf } from '../tensor/tensor.ts';
import { activationValues, imageValues, shownActivations } from '../training/shown-values.ts';
import { ConfusionMatrix, predictedClass, probabilities } from './confusion.ts';
import type { Score, Scored } from './evaluate.ts';

/** Pictures of the grid of mistakes. */
const shownMistakes = 36;

interface Mistake {
  readonly example: number;
  /** Probability that the network gave to the wrong class. */
  readonly probability: number;
}

/** Looks on while a checkpoint is scored. */
export class ScoreWitness {
  readonly #examples: Examples;
  readonly confusion: ConfusionMatrix;
  #mistakes: readonly Mistake[] = [];

  constructor(examples: Examples) {
    this.#examples = examples;
    this.confusion = new ConfusionMatrix(examples.dataset.classes);
  }

  add(scored: Scored): void {
    this.confusion.add(scored);
    if (scored.correct) return;
    const predicted = predictedClass(scored.logits);
    const probability = predicted === undefined ? 0 : (probabilities(scored.logits)[predicted] ?? 0);
    const least = this.#mistakes[shownMistakes - 1];
    if (least !== undefined && least.probability >= probability) return;
    const all = [...this.#mistakes, { example: scored.example, probability }];
    this.#mistakes = all.sort((a, b) => b.probability - a.probability).slice(0, shownMistakes);
  }

  /** Scalars and pictures of the score, under the tutorial's tag and ours. */
  values({ precision }: Score): readonly RecordedValue[] {
    const classes = this.#examples.dataset.classes.join(', ');
    const mistakes = this.#mistakes.map(({ example }) => this.#pictureOf(example));
    return [
      ...ifFinite(precision, scalarOf('precision', precision)),
      ...this.confusion.byClass.flatMap((one) => [
        ...ifFinite(one.precision, scalarOf('classPrecision', one.precision, { class: one.name })),
        ...ifFinite(one.recall, scalarOf('classRecall', one.recall, { class: one.name })),
      ]),
      imageOf('confusion', encodeImage(drawConfusion(this.confusion.counts)), { classes }),
      ...(mistakes.length > 0
        ? [imageOf('mistakes', encodeImage(drawGrid(mistakes, { scale: 2, gap: 2 })))]
        : []),
    ];
  }

  /** The photograph as it is on the disk. */
  #pictureOf(example: number): Picture {
    const planes = pixelsOf(this.#examples.records, placeOf(this.#examples, example));
    const size = imageSize * imageSize;
    const data = Uint8Array.from({ length: planes.length }, (_, i) => {
      return planes[(i % imageChannels) * size + Math.floor(i / imageChannels)] ?? 0;
    });
    return { width: imageSize, height: imageSize, channels: imageChannels, data };
  }
}

/** A share of nothing is not a number, and is not shown. */
function ifFinite(value: number, shown: RecordedValue): readonly RecordedValue[] {
  return Number.isFinite(value) ? [shown] : [];
}

/** The network with its activations as outputs, under the tags of their histograms. */
function buildActivationGraph(
  network: Network,
  batchSize: number,
): Graph & { readonly activations: readonly string[] } {
  const builder = new GraphBuilder('activations');
  const images = builder.input('images', { dtype: 'float32', shape: [batchSize, ...network.imageShape] });
  const model = inference(builder, images, network);
  for (const [tag, activation] of shownActivations(builder, model)) builder.output(tag, activation);
  return { ...builder.build(), activations: model.activations.map(({ name }) => name) };
}

/** What the layers make of the first batch of the examples. */
export class ActivationProbe {
  readonly #network: Network;
  readonly #batchSize: number;
  readonly #session: Session;
  readonly #activations: readonly string[];
  readonly #variables: ReadonlyMap<string, Variable>;

  private constructor(
    network: Network,
    batchSize: number,
    session: Session,
    graph: ReturnType<typeof buildActivationGraph>,
  ) {
    this.#network = network;
    this.#batchSize = batchSize;
    this.#session = session;
    this.#activations = graph.activations;
    this.#variables = graph.variables;
  }

  static async create(engine: Engine, network: Network, batchSize: number): Promise<ActivationProbe> {
    const graph = buildActivationGraph(network, batchSize);
    return new ActivationProbe(network, batchSize, await engine.compile(graph), graph);
  }

  /** @param weightOf the value of a variable */
  async look(
    weightOf: (variable: Variable) => Float32Tensor,
    examples: Examples,
  ): Promise<readonly RecordedValue[]> {
    const weights = new Map(
      [...this.#variables].map(([name, variable]) => [name, weightOf(variable)] as const),
    );
    await this.#session.write(weights);
    const { images } = evaluationBatch(examples, 0, newBuffers(this.#batchSize));
    const { imageShape } = this.#network;
    const found = await this.#session.step(
      new Map([['images', float32([this.#batchSize, ...imageShape], images)]]),
    );
    const there = Math.min(examples.count, this.#batchSize) * sizeOf(imageShape);
    const filters = weights.get('conv1/weights');
    return [
      ...activationValues(this.#activations, found),
      ...imageValues(images.subarray(0, there), imageShape),
      ...(filters === undefined ? [] : [imageOf('filters', encodeImage(drawFilters(filters)))]),
    ];
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}
