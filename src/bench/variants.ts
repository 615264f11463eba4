/** What is measured: engines, precisions and numbers of threads, as far as this machine has them. */
import type { Engine, EngineName, Precision } from '../engine/engine.ts';
import { chooseEngine } from '../engine/engines.ts';
import { messageOf, RunError } from '../errors.ts';
import { counted } from '../wording.ts';

export interface Variant {
  readonly engine: Engine;
  /** Such as `onednn bfloat16, 2 threads`. */
  readonly title: string;
  /** Whether the CPU lacks the instructions: it can be measured, and nobody would train so. */
  readonly emulated: boolean;
}
export interface Variants {
  readonly there: readonly Variant[];
  /** What was asked for and does not work here, with the reason. */
  readonly missing: readonly string[];
}

const all: readonly (readonly [EngineName, Precision])[] = [
  ['onnx', 'float32'],
  ['onednn', 'float32'],
  ['onednn', 'bfloat16'],
];

/** Every engine and precision, or those of one name, each with every number of threads; bfloat16 also where the CPU has
 * no instructions for it, for whoever wants to know how slow that is. */
export function findVariants(
  wanted: { readonly engine?: EngineName; readonly precision?: Precision },
  threads: readonly number[],
): Variants {
  const there: Variant[] = [];
  const missing: string[] = [];
  for (const [engine, precision] of all) {
    if (wanted.engine !== undefined && wanted.engine !== engine) continue;
    if (wanted.precision !== undefined && wanted.precision !== precision) continue;
    try {
      const emulated = isEmulated(engine, precision);
      for (const count of threads) {
        const chosen = chooseEngine({ engine, precision, threads: count, emulate: true });
        there.push(variant(chosen.engine, emulated));
      }
    } catch (error) {
      missing.push(`${engine} ${precision}: ${messageOf(error)}`);
    }
  }
  return { there, missing };
}

function variant(engine: Engine, emulated: boolean): Variant {
  const { name, precision, threads } = engine;
  const title = `${name} ${precision}, ${counted(threads, 'thread')}`;
  return { engine, emulated, title: emulated ? `${title} (emulated)` : title };
}

function isEmulated(engine: EngineName, precision: Precision): boolean {
  try {
    chooseEngine({ engine, precision });
    return false;
  } catch (error) {
    if (error instanceof RunError && precision === 'bfloat16') return true;
    throw error;
  }
}
