/** Explains predictions in a page, with a checkpoint or an exported ONNX file: what the network saw, which pixels matter, and what each
 * layer computed. */
import { decodeContent } from '../checkpoint/content.ts';
import { Sha256 } from '../checkpoint/sha256.ts';
import { UsageError } from '../errors.ts';
import { type TrainedNetwork, trainedNetwork } from '../export/trained-network.ts';
import type { Pixels } from '../pictures/decode.ts';
import { mostProbable, type Prediction } from '../predict/prediction.ts';
import { softmax } from '../tensor/softmax.ts';
import { type Float32Tensor, float32 } from '../tensor/tensor.ts';
import { fitToSquare } from './fit-pixels.ts';
import { buildInsightGraph, type InsightGraph, insightNames } from './insight-graph.ts';
import { openOnnxNetwork } from './onnx-network.ts';
import { type PageDevice, type PageRuntime, requireRuntime } from './page-runtime.ts';
import { floatsOf, PageSession } from './page-session.ts';

/** What the network makes of a picture. */
export interface Insight {
  /** The classes, the most probable first. */
  readonly predictions: readonly Prediction[];
  /** The square of the picture that the model receives: red, green and blue of each pixel, [S, S, 3]. */
  readonly picture: Uint8Array;
  readonly size: number;
  /** The part of the square that the network sees, in pixels. */
  readonly crop: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  };
  /** The class whose score was differentiated. */
  readonly explained: number;
  /** [S, S], how much the score of that class changes with each pixel: the largest absolute gradient of its channels, divided by that of
   * all pixels (K. Simonyan et al., "Deep Inside Convolutional Networks", 2013, section 3.1). */
  readonly saliency: Float32Array;
  /** The gradient [3, S, S] itself, of values 0 … 255. */
  readonly gradient: Float32Array;
  readonly layers: readonly LayerActivation[];
}

/** What a layer computed: [C, H, W], or [C] for a fully connected layer. */
export interface LayerActivation {
  readonly name: string;
  readonly activation: Float32Tensor;
}

/** A model that explains what it sees. Call `release` when you are done with it.
 * @example
 * import { PageModel } from 'cifar10-ts/browser';
 * import * as ort from 'onnxruntime-web';
 *
 * const device = { kind: 'cpu', threads: 1, library: 'onnxruntime-web' } as const;
 * const file = await fetch('model.ckpt-1000.safetensors');
 * const model = await PageModel.open(ort, device, new Uint8Array(await file.arrayBuffer()));
 * const { predictions, saliency, layers } = await model.explain(context.getImageData(0, 0, canvas.width, canvas.height)); */
export class PageModel {
  /** The names of the classes. */
  readonly classes: readonly string[];
  /** The number of steps after which the model was saved. */
  readonly globalStep: number;
  readonly #trained: ExplainedNetwork;
  readonly #insight: InsightGraph;
  readonly #session: PageSession;

  private constructor(trained: ExplainedNetwork, insight: InsightGraph, session: PageSession) {
    this.classes = trained.classes;
    this.globalStep = trained.globalStep;
    this.#trained = trained;
    this.#insight = insight;
    this.#session = session;
  }

  /** Opens a checkpoint (`model.ckpt-N.safetensors`) or an exported ONNX file.
   * @param runtime the module `onnxruntime-web`
   * @param device where it computes. `webgpu` needs the module `onnxruntime-web/webgpu`
   * @param file the bytes of the file
   * @throws UsageError when an argument is something else
   * @throws RunError for another file, a damaged one, and one whose network cannot be explained */
  static async open(runtime: PageRuntime, device: PageDevice, file: Uint8Array): Promise<PageModel> {
    requireRuntime(runtime, device);
    if (Object.prototype.toString.call(file) !== '[object Uint8Array]')
      throw new UsageError('file: expected the bytes of a checkpoint or an ONNX file as a Uint8Array');
    const trained = isSafetensors(file) ? networkInCheckpoint(file) : openOnnxNetwork(file);
    const insight = buildInsightGraph(trained);
    const session = await PageSession.create(runtime, insight.graph, device);
    const { variables } = insight.graph;
    session.write(new Map([...trained.values].filter(([name]) => variables.has(name))));
    return new PageModel(trained, insight, session);
  }

  /** Classifies a picture, and says why.
   * @param picture decoded pixels of any size, such as the `ImageData` of a canvas
   * @param explained the index of the class to explain. Default: the most probable one
   * @throws UsageError when the data do not fit the size of the picture */
  async explain(picture: Pixels, explained?: number): Promise<Insight> {
    const [, size] = this.#trained.picture;
    const fitted = fitToSquare(picture, size);
    const plane = size * size;
    const pixels = Float32Array.from(
      { length: 3 * plane },
      (_, at) => fitted[3 * (at % plane) + Math.floor(at / plane)] ?? 0,
    );
    const { predictions, logits } = await this.#classify(pixels);
    const chosen = explained ?? logits.indexOf(Math.max(...logits));
    const outputs = await this.#run(pixels, chosen);
    const gradient = floatsOf(outputs, insightNames.gradient);
    const [, height = size, width = size] = this.#trained.network.imageShape;
    return {
      predictions,
      picture: Uint8Array.from(fitted),
      size,
      crop: { left: Math.floor((size - width) / 2), top: Math.floor((size - height) / 2), width, height },
      explained: chosen,
      saliency: saliencyOf(gradient, plane),
      gradient,
      layers: this.#insight.layers.flatMap(({ name, output }) => {
        const found = outputs.get(output);
        return found === undefined ? [] : [{ name, activation: float32(found.shape.slice(1), found.data) }];
      }),
    };
  }

  /** Returns the logits of pixels [C, S, S] of values 0 … 255. */
  async logits(pixels: Float32Array): Promise<Float32Array> {
    return floatsOf(await this.#run(pixels, 0), insightNames.logits);
  }

  /** Frees the memory of the model. */
  release(): Promise<void> {
    return this.#session.release();
  }

  async #classify(pixels: Float32Array): Promise<{
    readonly logits: Float32Array;
    readonly predictions: readonly Prediction[];
  }> {
    const logits = await this.logits(pixels);
    return { logits, predictions: mostProbable(softmax(logits), this.classes, this.classes.length) };
  }

  #run(pixels: Float32Array, chosen: number): Promise<ReadonlyMap<string, Float32Tensor>> {
    const { classes } = this;
    const oneHot = Float32Array.from(classes, (_, index) => (index === chosen ? 1 : 0));
    return this.#session.step(
      new Map([
        [insightNames.pixels, float32([1, ...this.#trained.picture], pixels)],
        [insightNames.chosen, float32([1, classes.length], oneHot)],
      ]),
    );
  }
}

/** A network that can be explained: its weights and how its images are made. */
export interface ExplainedNetwork
  extends Pick<TrainedNetwork, 'network' | 'picture' | 'images' | 'values' | 'classes'> {
  readonly globalStep: number;
}

function networkInCheckpoint(file: Uint8Array): ExplainedNetwork {
  const checkpoint = decodeContent(file, 'the checkpoint', () => new Sha256());
  const trained = trainedNetwork({ path: 'the checkpoint', checkpoint }, 'ema');
  return { ...trained, globalStep: checkpoint.metadata.globalStep };
}

/** A safetensors file begins with the length of its header, 8 bytes, and a brace. */
function isSafetensors(file: Uint8Array): boolean {
  return file[8] === '{'.charCodeAt(0);
}

function saliencyOf(gradient: Float32Array, plane: number): Float32Array {
  const saliency = Float32Array.from({ length: plane }, (_, at) =>
    Math.max(...[0, 1, 2].map((channel) => Math.abs(gradient[channel * plane + at] ?? 0))),
  );
  const largest = saliency.reduce((a, b) => Math.max(a, b), 0);
  return largest === 0 ? saliency : saliency.map((value) => value / largest);
}
