/** What is measured: engines, precisions and numbers of threads, as far as this machine has them. */
import type { Engine } from '../engine/engine.ts';
import { chooseEngine, engineSupport } from '../engine/engines.ts';
import { type EngineName, engineNames, offers, type Precision } from '../engine/offers.ts';
import { counted } from '../wording.ts';

export interface Variant {
  readonly engine: Engine;
  /** Such as `onednn bfloat16, 2 threads`. */
  readonly title: string;
  /** Whether the CPU lacks the instructions: it can be measured, but training so makes no sense. */
  readonly emulated: boolean;
}
/** An engine and precision that cannot be measured here. */
export interface MissingVariant {
  /** Such as `onednn bfloat16`. */
  readonly title: string;
  readonly verdict: 'impossible' | 'missing';
  readonly why: string;
}
export interface Variants {
  readonly there: readonly Variant[];
  /** What was asked for and is not available here. */
  readonly missing: readonly MissingVariant[];
}

const all = engineNames.flatMap((engine) =>
  offers[engine].precisions.map((precision: Precision) => [engine, precision] as const),
);

/** Every engine and precision, or those of one name, each with every number of threads; bfloat16 also where it
 * is only emulated, to show how slow that is. */
export function findVariants(
  wanted: { readonly engine?: EngineName; readonly precision?: Precision },
  threads: readonly number[],
): Variants {
  const there: Variant[] = [];
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
      there.push(variant(chosen.engine, support.verdict === 'slow'));
    }
  }
  return { there, missing };
}

function variant(engine: Engine, emulated: boolean): Variant {
  const { name, precision, threads } = engine;
  const title = `${name} ${precision}, ${counted(threads, 'thread')}`;
  return { engine, emulated, title: emulated ? `${title} (emulated)` : title };
}
