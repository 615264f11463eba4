/** Scores examples in a page. */
import { ExampleReader, type Examples } from '../data/examples.ts';
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import type { TrainedNetwork } from '../export/trained-network.ts';
import { BatchMaker } from '../input/batch.ts';
import { softmax } from '../tensor/softmax.ts';
import { float32 } from '../tensor/tensor.ts';
import type { PageDevice, PageRuntime } from './page-runtime.ts';
import { floatsOf, PageSession } from './page-session.ts';

/** A picture that was classified wrongly. */
export interface PageMistake {
  /** The index of the example. */
  readonly example: number;
  readonly label: number;
  readonly predicted: number;
  /** The probability of the predicted class, 0 … 1. */
  readonly probability: number;
  /** The pixels of the record, [C, H, W]. */
  readonly pixels: Uint8Array;
}

/** How many examples were classified correctly. */
export interface PageScore {
  readonly correct: number;
  readonly total: number;
  readonly precision: number;
  /** The numbers of examples by [label][predicted]. */
  readonly confusion: readonly (readonly number[])[];
  /** The mistakes of which the network was most certain. */
  readonly mistakes: readonly PageMistake[];
}

const batchSize = 100;
const mostMistakes = 24;

/** Scores every example once. */
export async function scoreExamples(
  runtime: PageRuntime,
  device: PageDevice,
  { network, images, values }: TrainedNetwork,
  examples: Examples,
  onProgress: (done: number) => void = () => undefined,
): Promise<PageScore> {
  const { classes } = network;
  const rows = Math.min(batchSize, examples.count);
  const session = await PageSession.create(runtime, buildEvaluationGraph(network, rows), device);
  try {
    session.write(values);
    const maker = new BatchMaker(examples, images);
    const buffers = maker.buffers(rows);
    const reader = new ExampleReader(examples);
    const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
    const mistakes: PageMistake[] = [];
    for (let first = 0; first < examples.count; first += rows) {
      const batch = maker.evaluation(first / rows, buffers);
      const shape = [rows, ...network.imageShape];
      const logits = floatsOf(
        await session.step(new Map([['images', float32(shape, batch.images)]])),
        'logits',
      );
      for (let row = 0; row < batch.count; row++) {
        const scores = logits.subarray(row * classes, (row + 1) * classes);
        const predicted = scores.indexOf(Math.max(...scores));
        const [example, label] = [first + row, batch.labels[row] ?? 0];
        const counts = confusion[label];
        if (counts !== undefined) counts[predicted] = (counts[predicted] ?? 0) + 1;
        if (predicted === label) continue;
        const probability = softmax(scores)[predicted] ?? 0;
        mistakes.push({
          ...{ example, label, predicted, probability },
          pixels: reader.pixelsOf(example).slice(),
        });
      }
      onProgress((first + batch.count) / examples.count);
    }
    const correct = examples.count - mistakes.length;
    return {
      ...{ correct, total: examples.count, precision: correct / examples.count, confusion },
      mistakes: mistakes.sort((a, b) => b.probability - a.probability).slice(0, mostMistakes),
    };
  } finally {
    await session.release();
  }
}
