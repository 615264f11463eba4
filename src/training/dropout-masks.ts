/**
 * Draws the masks of dropout. A mask is a function of (seed, step, layer), so it is the same on every engine, and a resumed run
 * draws the same masks again.
 */
import type { DropoutMask } from '../model/network.ts';
import { RandomStream } from '../tensor/random.ts';
import { type Float32Tensor, float32, sizeOf } from '../tensor/tensor.ts';

/** Draws the masks of a step, by the names of their inputs. An element is 0 with probability `rate`, and else 1 / (1 - rate).
 * @param step the number of updates made before this step */
export function drawMasks(
  masks: readonly DropoutMask[],
  seed: number,
  step: number,
): readonly (readonly [string, Float32Tensor])[] {
  return masks.map(({ input, rate }, layer) => {
    const stream = new RandomStream(seed, 'dropout', step, layer);
    const kept = 1 / (1 - rate);
    const values = new Float32Array(sizeOf(input.shape));
    for (let index = 0; index < values.length; index++) values[index] = stream.uniform() < rate ? 0 : kept;
    return [input.name, float32(input.shape, values)];
  });
}
