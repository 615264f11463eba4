/** The variants to measure: the engines, precisions and numbers of towers and threads that work on this machine. */
import type { Engine } from '../engine/engine.ts';
import { chooseEngine, engineSupport } from '../engine/engines.ts';
import { type EngineName, offersWith, type Precision } from '../engine/offers.ts';
import { counted } from '../wording.ts';

/** How threads are divided among towers. */
export interface Division {
  readonly towers: number;
  /** The number of threads of each tower. */
  readonly threads: number;
}

/** The divisions of a number of threads among one, two or as many towers as possible. */
export function divisionsOf(threads: number): readonly Division[] {
  return [...new Set([1, 2, threads])]
    .filter((towers) => threads % towers === 0)
    .map((towers) => ({ towers, threads: threads / towers }));
}

export interface Variant {
  readonly engine: Engine;
  /** The number of towers, which share the threads of the engine. */
  readonly towers: number;
  /** The name, such as `onednn bfloat16, 2 threads`, or `onnx float32, 2 towers × 1` for towers of one thread. */
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

const all = offersWith({ device: 'cpu' });

/** Finds the variants to measure: the requested engines and precisions, or all of them, each with every division of the
 * threads. They include bfloat16 where it is only emulated, to show how slow that is. */
export function findVariants(
  wanted: { readonly engine?: EngineName; readonly precision?: Precision },
  divisions: readonly Division[],
): Variants {
  const available: Variant[] = [];
  const missing: MissingVariant[] = [];
  for (const { engine, precision } of all) {
    if (wanted.engine !== undefined && wanted.engine !== engine) continue;
    if (wanted.precision !== undefined && wanted.precision !== precision) continue;
    const support = engineSupport(engine, precision);
    if (support.verdict === 'impossible' || support.verdict === 'missing') {
      missing.push({ title: `${engine} ${precision}`, verdict: support.verdict, why: support.why });
      continue;
    }
    for (const { towers, threads } of divisions) {
      const chosen = chooseEngine({ engine, precision, threads: towers * threads, emulate: true });
      available.push(variant(chosen.engine, towers, support.verdict === 'emulated'));
    }
  }
  return { available, missing };
}

function variant(engine: Engine, towers: number, emulated: boolean): Variant {
  const { name, precision, threads } = engine;
  const division = towers === 1 ? counted(threads, 'thread') : `${towers} towers × ${threads / towers}`;
  const title = `${name} ${precision}, ${division}`;
  return { engine, towers, emulated, title: emulated ? `${title} (emulated)` : title };
}
