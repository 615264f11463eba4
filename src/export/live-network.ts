/** The trained network as an evaluation computes it, with which exports are compared. */
import type { Engine } from '../engine/engine.ts';
import { chooseEngine } from '../engine/engines.ts';
import { RunError } from '../errors.ts';
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import { type Float32Tensor, float32Data, sizeOf, type Tensor } from '../tensor/tensor.ts';
import type { Classifier } from './format.ts';
import type { TrainedNetwork } from './trained-network.ts';

/** Returns the engine that an evaluation uses by default. */
export function defaultEngine(): Engine {
  return chooseEngine({ engine: 'auto', precision: 'float32' }).engine;
}

/** Compiles the network.
 * @param values the values of its variables */
export async function liveNetwork(
  { network, picture, images }: Pick<TrainedNetwork, 'network' | 'picture' | 'images'>,
  values: ReadonlyMap<string, Float32Tensor>,
  batchSize: number,
): Promise<Classifier> {
  const session = await defaultEngine().compile(buildEvaluationGraph(network, batchSize));
  await session.write(values);
  const [pictureSize, imageSize] = [sizeOf(picture), sizeOf(network.imageShape)];
  return {
    probabilities: async (pixels) => {
      const made = new Float32Array(batchSize * imageSize);
      for (let row = 0; row < batchSize; row++)
        images.evaluation(
          made.subarray(row * imageSize, (row + 1) * imageSize),
          pixels.subarray(row * pictureSize, (row + 1) * pictureSize),
        );
      const feed: Tensor = { dtype: 'float32', shape: [batchSize, ...network.imageShape], data: made };
      const logits = (await session.step(new Map([['images', feed]]))).get('logits');
      if (logits === undefined) throw new RunError('the evaluation graph returned no logits');
      return softmax(float32Data(logits), network.classes);
    },
    release: () => session.release(),
  };
}

/** Returns the softmax of every row.
 * @param logits [N, classes] */
export function softmax(logits: Float32Array, classes: number): Float32Array {
  const probabilities = new Float32Array(logits.length);
  for (let start = 0; start < logits.length; start += classes) {
    const row = logits.subarray(start, start + classes);
    const largest = Math.max(...row);
    const exponentials = Array.from(row, (logit) => Math.exp(logit - largest));
    const total = exponentials.reduce((sum, value) => sum + value, 0);
    probabilities.set(
      exponentials.map((value) => value / total),
      start,
    );
  }
  return probabilities;
}
