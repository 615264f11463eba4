/** Measures every variant with one batch size, alternating between the variants. */
import type { Examples } from '../data/examples.ts';
import type { StepRow } from './measurement.ts';
import { measurePaired } from './paired.ts';
import { type SteppedTraining, startTraining, stepFlop } from './step.ts';
import type { Subject } from './subject.ts';
import type { Variant } from './variants.ts';

/** The number of rounds. Every variant is timed in each of them. */
const rounds = 4;

/** @param roofs the variants, each with the floating-point operations per second of its best matrix product
 * @param count the number of steps to measure for each variant */
export async function compareVariants(
  roofs: ReadonlyMap<Variant, number>,
  examples: Examples,
  subject: Subject,
  batchSize: number,
  count: number,
): Promise<readonly StepRow[]> {
  const variants = [...roofs.keys()];
  const running: SteppedTraining[] = [];
  try {
    for (const variant of variants) running.push(await startTraining(variant, examples, subject, batchSize));
    const competitors = running.map(({ step }, index) => ({
      title: variants[index]?.title ?? '',
      run: step,
    }));
    const timing = { rounds, steps: Math.max(1, Math.ceil(count / rounds)), warmUp: 3 };
    const results = await measurePaired(competitors, timing);
    const flop = stepFlop(subject, batchSize);
    const roofOf = [...roofs.values()];
    return results.map((result, index) => {
      const perSecond = 1e3 / result.millis.median;
      const shareOfRoof = (flop * perSecond) / (roofOf[index] ?? Number.NaN);
      return { ...result, batchSize, imagesPerSecond: batchSize * perSecond, shareOfRoof };
    });
  } finally {
    await Promise.all(running.map(({ release }) => release()));
  }
}
