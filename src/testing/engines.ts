/** The engines that the shared test suites run on. Each has a reason to skip it if this machine does not support it. */
import type { Engine } from '../engine/engine.ts';
import { chooseEngine, engineSupport } from '../engine/engines.ts';
import { type EngineName, engineNames, offers, type Precision } from '../engine/offers.ts';
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

/** Why oneDNN is not fast in bfloat16 on this machine, or false if it is. */
export const skipBfloat16: string | false = reasonToSkip('onednn', 'bfloat16');

/** Why an engine is not fast here, or false if it is. */
function reasonToSkip(engine: EngineName, precision: Precision): string | false {
  const support = engineSupport(engine, precision);
  return support.verdict === 'fast' ? false : support.why;
}

/** The precisions in which oneDNN works here, whether fast or not. */
export const plannedPrecisions: readonly (typeof offers)['onednn']['precisions'][number][] =
  offers.onednn.precisions.filter((precision) =>
    ['fast', 'slow'].includes(engineSupport('onednn', precision).verdict),
  );

/** The flags for each engine and precision, for tests that run the program. */
export const engineFlags: readonly {
  readonly title: string;
  readonly flags: readonly string[];
  readonly skip: string | false;
}[] = engineNames.flatMap((engine) =>
  offers[engine].precisions.map((precision: Precision) => ({
    title: precision === 'float32' ? engine : `${engine} in ${precision}`,
    flags: ['--engine', engine, ...(precision === 'float32' ? [] : ['--precision', precision])],
    skip: reasonToSkip(engine, precision),
  })),
);
