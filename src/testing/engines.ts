/** The engines that the shared test suites run on. Each has a reason to skip it if this machine does not support it. */
import type { Engine } from '../engine/engine.ts';
import { chooseEngine, engineSupport } from '../engine/engines.ts';
import {
  type EngineName,
  engineNames,
  offers,
  type Precision,
  type PrecisionOf,
  precisionsOf,
} from '../engine/offers.ts';
import { engineMakers } from '../engine/registry.ts';
import type { OpName } from '../graph/signature.ts';

export interface EngineCase {
  readonly name: EngineName;
  /** Why the engine does not work here in float32, or false if it does. */
  readonly skip: string | false;
  readonly create: (threads: number, precision?: Precision) => Engine;
  readonly offers: (op: OpName) => boolean;
}

export const engines: readonly EngineCase[] = engineNames.map((name) => ({
  name,
  skip: reasonToSkip(name, 'float32'),
  create: (threads, precision = 'float32') => chooseEngine({ engine: name, precision, threads }).engine,
  offers: engineMakers[name].computes,
}));

export function engineCase(name: EngineName): EngineCase {
  const found = engines.find((one) => one.name === name);
  if (found === undefined) throw new Error(`unknown engine ${name}`);
  return found;
}

/** Returns why an engine cannot be used for training here, or false if it can. */
function reasonToSkip(engine: EngineName, precision: Precision): string | false {
  const support = engineSupport(engine, precision);
  return support.verdict === 'fast' || support.verdict === 'slow' ? false : support.why;
}

/** The precisions in which oneDNN works here, whether fast or not. */
export const plannedPrecisions: readonly PrecisionOf<'onednn'>[] = offers.onednn.cpu.filter((precision) =>
  ['fast', 'slow', 'emulated'].includes(engineSupport('onednn', precision).verdict),
);

/** An engine in one of the precisions that it offers. */
export interface EngineVariant {
  readonly engine: EngineName;
  readonly precision: Precision;
  /** `onnx`, or `onednn in bfloat16`. */
  readonly title: string;
  readonly flags: readonly string[];
  /** Why it cannot be used for training here, or false if it can. */
  readonly skip: string | false;
  readonly create: (threads: number) => Engine;
  /** The largest relative error of a value that several operators compute. */
  readonly tolerance: number;
}

const tolerances: Readonly<Record<Precision, number>> = { float32: 1e-5, bfloat16: 2e-2, float16: 2e-2 };

/** Every engine in every precision that it offers. */
export const engineVariants: readonly EngineVariant[] = engines.flatMap(({ name, create }) =>
  precisionsOf(name, 'cpu').map((precision) => ({
    engine: name,
    precision,
    title: precision === 'float32' ? name : `${name} in ${precision}`,
    flags: ['--engine', name, ...(precision === 'float32' ? [] : ['--precision', precision])],
    skip: reasonToSkip(name, precision),
    create: (threads: number) => create(threads, precision),
    tolerance: tolerances[precision],
  })),
);

export const onednnVariants: readonly (EngineVariant & { readonly precision: PrecisionOf<'onednn'> })[] =
  offers.onednn.cpu.flatMap((precision) =>
    engineVariants
      .filter((variant) => variant.engine === 'onednn' && variant.precision === precision)
      .map((variant) => ({ ...variant, precision })),
  );
