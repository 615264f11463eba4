/** Sums the times of the parts of a step by operator and by layer, and the time of data movement. */
import type { PartTime } from '../engine/engine.ts';
import { layerOf } from '../training/layer-of.ts';

export interface Share {
  readonly what: string;
  readonly millis: number;
  readonly calls: number;
}
export interface ProfileSums {
  readonly millis: number;
  readonly operators: readonly Share[];
  readonly layers: readonly Share[];
  /** Data movement: reorders, casts, transpositions, copies, also those that other operators need. */
  readonly moves: readonly Share[];
  /** The parts that took longest, as `name (code)`. */
  readonly longest: readonly Share[];
}

const moving = /^(Reorder|Cast|Transpose|Output|Update|Reshape|Slice|Concat|Pad|Identity)$/;

export function profileSums(parts: readonly PartTime[], longest = 12): ProfileSums {
  return {
    millis: parts.reduce((sum, { millis }) => sum + millis, 0),
    operators: summed(parts, ({ op }) => op),
    layers: summed(parts, ({ name }) => layerOf(name)),
    moves: summed(
      parts.filter(({ op, moves }) => moves === true || moving.test(op)),
      ({ op }) => op,
    ),
    longest: summed(parts, ({ name, code }) => `${name} (${code})`).slice(0, longest),
  };
}

function summed(parts: readonly PartTime[], keyOf: (part: PartTime) => string): readonly Share[] {
  const sums = new Map<string, { millis: number; calls: number }>();
  for (const part of parts) {
    const sum = sums.get(keyOf(part)) ?? { millis: 0, calls: 0 };
    sums.set(keyOf(part), { millis: sum.millis + part.millis, calls: sum.calls + 1 });
  }
  return [...sums].map(([what, sum]) => ({ what, ...sum })).sort((a, b) => b.millis - a.millis);
}
