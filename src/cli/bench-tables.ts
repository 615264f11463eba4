/** Measurements as tables for people. */
import type { PairedResult } from '../bench/paired.ts';
import type { ProfileSums, Share } from '../bench/profile.ts';
import type { MissingVariant } from '../bench/variants.ts';
import { inFlags } from './option-flags.ts';
import { table } from './table.ts';

export interface StepRow extends PairedResult {
  readonly batchSize: number;
  readonly imagesPerSecond: number;
  /** 1 is a step at the rate of the engine's best matrix product. */
  readonly shareOfRoof: number;
}

const whole = (value: number) => Math.round(value).toLocaleString('en-US');
const percent = (share: number) => `${(share * 100).toFixed(0)}%`;

/** One line a variant, for one batch size; ratios to the first line. Below them what cannot be measured here. */
export function stepTable(rows: readonly StepRow[], missing: readonly MissingVariant[]): string {
  const body = rows.map(({ title, millis, imagesPerSecond, shareOfRoof, timesFirst }) => [
    title,
    millis.median.toFixed(1),
    `${millis.fastest.toFixed(1)} … ${millis.slowest.toFixed(1)}`,
    whole(imagesPerSecond),
    percent(shareOfRoof),
    `${timesFirst.toFixed(2)} ×`,
  ]);
  const head = [`step of ${rows[0]?.batchSize ?? 0}`, 'ms', 'range', 'images/s', 'of roof', 'ratio'];
  const absent = missing.map((one) => `${one.title}  ${unavailable(one)}`);
  return [table([head, ...body]), ...absent].join('\n');
}

/** Why a variant is not measured. */
export function missingLine(missing: MissingVariant): string {
  return `${missing.title}: ${unavailable(missing)}: ${inFlags(missing.why)}`;
}

function unavailable({ verdict }: MissingVariant): string {
  return verdict === 'impossible' ? 'not available on this CPU' : 'not available here';
}

/** Sums by operator, layer and moves, and the longest parts. */
export function profileTables({ millis, operators, layers, moves, longest }: ProfileSums): string {
  const sum = (shares: readonly Share[]) => shares.reduce((total, share) => total + share.millis, 0);
  const part = (title: string, shares: readonly Share[]) =>
    table([
      [title, 'ms', 'share', 'calls'],
      ...shares.map((share) => [
        share.what,
        share.millis.toFixed(2),
        percent(share.millis / millis),
        String(share.calls),
      ]),
    ]);
  const moved = `${moves.reduce((count, { calls }) => count + calls, 0)} calls only move tensors: ${sum(moves).toFixed(2)} ms`;
  const worth = (shares: readonly Share[]) => shares.filter((share) => share.millis >= millis / 500);
  return [
    part('operator', worth(operators)),
    part('layer', worth(layers)),
    part('longest', longest),
    moved,
    ...(moves.length > 0 ? [part('moved', moves)] : []),
  ].join('\n\n');
}
