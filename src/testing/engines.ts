/** The engines that the shared suites run on, each skipped with the reason where this machine does not serve. */
import type { Engine } from '../engine/engine.ts';
import { chooseEngine, engineSupport } from '../engine/engines.ts';
import { type EngineName, engineNames, offers, type Precision } from '../engine/offers.ts';
import { engineMakers } from '../engine/registry.ts';
import type { OpName } from '../graph/signature.ts';

export interface EngineCase {
  readonly name: EngineName;
  /** Why it cannot run here in float32, or false. */
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

/** Why this machine does not compute fast in bfloat16 with oneDNN, or false. */
export const skipBfloat16: string | false = reasonToSkip('onednn', 'bfloat16');

/** Why an engine does not serve here, or false. */
function reasonToSkip(engine: EngineName, precision: Precision): string | false {
  const support = engineSupport(engine, precision);
  return support.verdict === 'fast' ? false : support.why;
}

/** The precisions that oneDNN can compile a step for here, fast or not. */
export const plannedPrecisions: readonly (typeof offers)['onednn']['precisions'][number][] =
  offers.onednn.precisions.filter((precision) =>
    ['fast', 'slow'].includes(engineSupport('onednn', precision).verdict),
  );

/** The flags that choose each engine and precision, for tests that run the program. */
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
