/** Chooses the number of towers for `--towers auto` from measurements. */
import type { EngineName, Precision } from '../engine/offers.ts';

/** What a step of a run is computed with. */
export interface StepConditions {
  readonly network: string;
  readonly engine: EngineName;
  readonly precision: Precision;
  /** The number of threads, which the towers share. */
  readonly threads: number;
}

export interface StepTimes extends StepConditions {
  /** The median time of a step in milliseconds, by the number of towers. */
  readonly millis: ReadonlyMap<number, number>;
}

/**
 * The first table of section "Towers" in bench/RESULTS.md. It must only contain networks without running statistics. With such
 * statistics, as in ResNet, results depend on the number of towers, and by default they must not depend on the machine.
 */
export const measured: readonly StepTimes[] = [
  onTwoCores('onnx', 'float32', { 1: 47.6, 2: 47.0 }),
  onTwoCores('onednn', 'float32', { 1: 35.8, 2: 35.2 }),
  onTwoCores('onednn', 'bfloat16', { 1: 22.6, 2: 21.8 }),
];

function onTwoCores(
  engine: EngineName,
  precision: Precision,
  millis: Readonly<Record<number, number>>,
): StepTimes {
  const entries = Object.entries(millis).map(([towers, time]) => [Number(towers), time] as const);
  return { network: 'cifar10', engine, precision, threads: 2, millis: new Map(entries) };
}

/** How many times as fast as one tower several towers must be. Medians of two runs on the same machine differ by up to a tenth, and
 * one tower needs the least memory. */
const requiredSpeedup = 1.1;

/** Returns the number of towers with which training was fastest, or 1 if it was not measured under these conditions, or if no number
 * was clearly faster. The choice does not depend on a measurement at the start of a run, so the same command always gives the
 * same bits.
 * @param times measurements to choose from. Default: those of bench/RESULTS.md */
export function fastestTowers(
  { network, engine, precision, threads }: StepConditions,
  times: readonly StepTimes[] = measured,
): number {
  const row = times.find(
    (one) =>
      one.network === network &&
      one.engine === engine &&
      one.precision === precision &&
      one.threads === threads,
  );
  const [[towers, time] = [1, 0]] = [...(row?.millis ?? [])].toSorted(([, a], [, b]) => a - b);
  const ofOne = row?.millis.get(1) ?? 0;
  return time * requiredSpeedup <= ofOne ? towers : 1;
}
