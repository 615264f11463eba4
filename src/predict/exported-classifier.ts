/** Classifies pictures with an exported ONNX file, which crops and normalizes them itself. */

import type { Session } from '../engine/engine.ts';
import { chooseEngine } from '../engine/engines.ts';
import { openModel } from '../engine/onnx/runtime/onnx-engine.ts';
import { RunError } from '../errors.ts';
import { float32Data, sizeOf, type TensorType } from '../tensor/tensor.ts';
import type { Classifier } from './classifier.ts';
import { imagesName, probabilitiesName } from './exported-contract.ts';
import type { ExportedFile } from './exported-file.ts';

export class ExportedClassifier implements Classifier {
  readonly library: string;
  readonly threads: number;
  readonly device = 'cpu';
  readonly batchSize: number;
  readonly #file: ExportedFile;
  readonly #session: Session;

  private constructor(
    engine: Pick<Classifier, 'library' | 'threads'>,
    batchSize: number,
    file: ExportedFile,
    session: Session,
  ) {
    this.library = engine.library;
    this.threads = engine.threads;
    this.batchSize = batchSize;
    this.#file = file;
    this.#session = session;
  }

  /** Loads the model.
   * @param name what to call the file in messages
   * @throws RunError when ONNX Runtime is missing or rejects the model */
  static async create(
    name: string,
    file: ExportedFile,
    bytes: Uint8Array,
    batchSize: number,
  ): Promise<ExportedClassifier> {
    const { engine } = chooseEngine({ engine: 'onnx', precision: 'float32' });
    const inputs = new Map([[imagesName, typeOf(file, batchSize)]]);
    const session = await openModel(name, bytes, inputs, [probabilitiesName]);
    return new ExportedClassifier(engine, batchSize, file, session);
  }

  async classify(pictures: readonly Uint8Array[]): Promise<readonly (readonly number[])[]> {
    const type = typeOf(this.#file, this.batchSize);
    const data = new Uint8Array(sizeOf(type.shape));
    const size = data.length / this.batchSize;
    for (const [row, planes] of pictures.entries())
      interleave(data.subarray(row * size, (row + 1) * size), planes);
    const found = await this.#session.step(new Map([[imagesName, { ...type, data }]]));
    const probabilities = found.get(probabilitiesName);
    const classes = this.#file.classes.length;
    if (probabilities?.shape.join() !== `${this.batchSize},${classes}`)
      throw new RunError(`the exported file returned no ${probabilitiesName} of [N, ${classes}]`);
    const values = float32Data(probabilities);
    return pictures.map((_, row) => [...values.subarray(row * classes, (row + 1) * classes)]);
  }

  release(): Promise<void> {
    return this.#session.release();
  }
}

function typeOf({ image }: ExportedFile, batchSize: number): TensorType & { readonly dtype: 'uint8' } {
  const [channels, height, width] = image;
  return { dtype: 'uint8', shape: [batchSize, height, width, channels] };
}

/** Puts the channels of each pixel next to each other: [3, H, W] → [H, W, 3]. */
function interleave(pixels: Uint8Array, planes: Uint8Array): void {
  const plane = planes.length / 3;
  for (let pixel = 0, to = 0; pixel < plane; pixel++) {
    pixels[to++] = planes[pixel] as number;
    pixels[to++] = planes[plane + pixel] as number;
    pixels[to++] = planes[2 * plane + pixel] as number;
  }
}
