/** Measures this program and another program alternately, A B A B, and compares their rates. */
import type { Examples } from '../data/examples.ts';
import { type Precision, precisions } from '../engine/offers.ts';
import { requireRunning } from '../errors.ts';
import type { Measurements, Side } from './measurement.ts';
import { measurePaired } from './paired.ts';
import { type PeerVariant, runPeer } from './peers.ts';
import { startTraining } from './step.ts';
import type { Subject } from './subject.ts';
import type { Variant } from './variants.ts';

const rounds = 2;

interface PeerOptions {
  readonly subject: Subject;
  readonly batchSize: number;
  /** The number of steps that are measured for each of our variants in a round. */
  readonly steps: number;
  readonly signal: AbortSignal;
}

/** Measures both programs in each round, and then yields their rates and ratios. Our steps are complete: they include input,
 * weight decay and moving averages.
 * @throws RunError when the peer fails
 * @throws StoppedError when the signal is aborted between or during rounds */
export async function* comparePeers(
  command: string,
  variants: readonly Variant[],
  examples: Examples,
  options: PeerOptions,
): Measurements {
  const { batchSize, signal } = options;
  const [ours, theirs]: [Side[], Side[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    requireRunning(signal);
    ours.push(await measureOurs(variants, examples, options));
    theirs.push(sideOf(await runPeer(command, signal)));
  }
  yield { kind: 'benchOurs', batchSize, rounds: ours };
  yield { kind: 'benchPeers', command, rounds: theirs };
  for (const precision of precisions) {
    const ratios = ours.map(
      (side, round) => best(side, precision) / best(theirs[round] ?? new Map(), precision),
    );
    if (ratios.every(Number.isFinite)) yield { kind: 'benchRatio', precision, ratios };
  }
}

async function measureOurs(
  variants: readonly Variant[],
  examples: Examples,
  { subject, batchSize, steps }: PeerOptions,
): Promise<Side> {
  const side = new Map<string, { readonly precision: Precision; readonly imagesPerSecond: number }>();
  for (const variant of variants) {
    const { engine, title } = variant;
    const training = await startTraining(variant, examples, subject, batchSize);
    try {
      const competitor = { title, run: training.step };
      const [result] = await measurePaired([competitor], { rounds: 1, steps, warmUp: 3 });
      const imagesPerSecond = (batchSize / (result?.millis.median ?? Number.NaN)) * 1e3;
      side.set(title, { precision: engine.precision, imagesPerSecond });
    } finally {
      await training.release();
    }
  }
  return side;
}

function sideOf(found: readonly PeerVariant[]): Side {
  return new Map(found.map(({ variant, ...rest }) => [variant, rest]));
}

/** Returns the images per second of the fastest variant in a precision, or NaN if no variant has that precision. */
function best(side: Side, precision: Precision): number {
  const rates = [...side.values()].filter((variant) => variant.precision === precision);
  return rates.length === 0 ? Number.NaN : Math.max(...rates.map(({ imagesPerSecond }) => imagesPerSecond));
}
