/** The variants to measure: the engines, precisions and numbers of threads that work on this machine. */
import type { Engine } from '../engine/engine.ts';
import { chooseEngine, engineSupport } from '../engine/engines.ts';
import { type EngineName, engineNames, offers, type Precision } from '../engine/offers.ts';
import { counted } from '../wording.ts';

export interface Variant {
  readonly engine: Engine;
  /** The name, such as `onednn bfloat16, 2 threads`. */
  readonly title: string;
  /** Whether the CPU lacks the instructions for the precision. The variant can then be measured, but it is too slow for
   * training. */
  readonly emulated: boolean;
}
/** An engine and a precision that cannot be measured here. */
export interface MissingVariant {
  /** The name, such as `onednn bfloat16`. */
  readonly title: string;
  readonly verdict: 'impossible' | 'missing';
  readonly why: string;
}
export interface Variants {
  readonly available: readonly Variant[];
  /** The variants that were requested but do not work here. */
  readonly missing: readonly MissingVariant[];
}

const all = engineNames.flatMap((engine) =>
  offers[engine].precisions.map((precision: Precision) => [engine, precision] as const),
);

/** Finds the variants to measure: the requested engines and precisions, or all of them, each with every number of threads.
 * They include bfloat16 where it is only emulated, to show how slow that is. */
export function findVariants(
  wanted: { readonly engine?: EngineName; readonly precision?: Precision },
  threads: readonly number[],
): Variants {
  const available: Variant[] = [];
  const missing: MissingVariant[] = [];
  for (const [engine, precision] of all) {
    if (wanted.engine !== undefined && wanted.engine !== engine) continue;
    if (wanted.precision !== undefined && wanted.precision !== precision) continue;
    const support = engineSupport(engine, precision);
    if (support.verdict === 'impossible' || support.verdict === 'missing') {
      missing.push({ title: `${engine} ${precision}`, verdict: support.verdict, why: support.why });
      continue;
    }
    for (const count of threads) {
      const chosen = chooseEngine({ engine, precision, threads: count, emulate: true });
      available.push(variant(chosen.engine, support.verdict === 'slow'));
    }
  }
  return { available, missing };
}

function variant(engine: Engine, emulated: boolean): Variant {
  const { name, precision, threads } = engine;
  const title = `${name} ${precision}, ${counted(threads, 'thread')}`;
  return { engine, emulated, title: emulated ? `${title} (emulated)` : title };
}
