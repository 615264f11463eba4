/** `bench --peers`: alternates our measurements with another program's, A B A B, and compares the rates. */
import { measurePaired } from '../../bench/paired.ts';
import { type PeerVariant, runPeer } from '../../bench/peers.ts';
import { spread } from '../../bench/statistics.ts';
import { startTraining } from '../../bench/step.ts';
import type { Variant } from '../../bench/variants.ts';
import type { Examples } from '../../data/examples.ts';
import type { Precision } from '../../engine/engine.ts';
import { precisions } from '../../engine/offers.ts';
import { requireRunning } from '../../errors.ts';
import type { JsonEvent } from '../console.ts';
import type { BenchFlags } from '../flag-table.ts';
import { table } from '../table.ts';

interface Notebook {
  add(text: string, result: JsonEvent): void;
}
/** One side in one round: its variants with their rates. */
type Side = ReadonlyMap<string, { readonly precision: Precision; readonly imagesPerSecond: number }>;

const rounds = 2;

/** Our steps are complete: they include input, weight decay and moving averages.
 * @throws RunError when the peer fails */
export async function comparePeers(
  command: string,
  variants: readonly Variant[],
  examples: Examples,
  { batchSize, steps }: BenchFlags,
  signal: AbortSignal,
  notes: Notebook,
): Promise<void> {
  const [ours, theirs]: [Side[], Side[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    requireRunning(signal);
    ours.push(await measureOurs(variants, examples, batchSize, steps));
    theirs.push(sideOf(await runPeer(command, signal)));
  }
  notes.add(`\n${sideTable(`ours, batch ${batchSize}`, ours)}`, {
    kind: 'benchOurs',
    rounds: ours.map(plain),
  });
  notes.add(`\n${sideTable(command, theirs)}`, { kind: 'benchPeers', command, rounds: theirs.map(plain) });
  for (const precision of precisions) {
    const ratios = ours.map(
      (side, round) => best(side, precision) / best(theirs[round] ?? new Map(), precision),
    );
    if (!ratios.every(Number.isFinite)) continue;
    const { median, fastest, slowest } = spread(ratios);
    notes.add(
      `\n${precision}: our best is ${median.toFixed(2)} × the peer's best (${fastest.toFixed(2)} … ${slowest.toFixed(2)})`,
      { kind: 'benchRatio', precision, ratios },
    );
  }
}

async function measureOurs(
  variants: readonly Variant[],
  examples: Examples,
  batchSize: number,
  steps: number,
): Promise<Side> {
  const side = new Map<string, { readonly precision: Precision; readonly imagesPerSecond: number }>();
  for (const { engine, title } of variants) {
    const training = await startTraining(engine, examples, batchSize);
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

function plain(side: Side): Readonly<Record<string, number>> {
  return Object.fromEntries([...side].map(([name, { imagesPerSecond }]) => [name, imagesPerSecond]));
}

/** Images per second of the fastest variant of a precision; NaN if there is none. */
function best(side: Side, precision: Precision): number {
  const rates = [...side.values()].filter((variant) => variant.precision === precision);
  return rates.length === 0 ? Number.NaN : Math.max(...rates.map(({ imagesPerSecond }) => imagesPerSecond));
}

function sideTable(title: string, sides: readonly Side[]): string {
  const names = [...new Set(sides.flatMap((side) => [...side.keys()]))];
  const head = [title, ...sides.map((_, round) => `images/s, round ${round + 1}`)];
  const rows = names.map((name) => [
    name,
    ...sides.map((side) => side.get(name)?.imagesPerSecond.toFixed(0) ?? '-'),
  ]);
  return table([head, ...rows]);
}
