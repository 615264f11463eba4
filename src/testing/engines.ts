/** The engines that the shared test suites run on. Each has a reason to skip it if this machine does not support it. */
import type { Engine } from '../engine/engine.ts';
import { chooseEngine, engineSupport } from '../engine/engines.ts';
import {
  allOffers,
  type EngineName,
  engineNames,
  type Offer,
  offers,
  offersWith,
  type Precision,
  type PrecisionOf,
} from '../engine/offers.ts';
import { engineMakers } from '../engine/registry.ts';
import type { OpName } from '../graph/signature.ts';
import { reasonToSkip } from './engine-support.ts';

export interface EngineCase {
  readonly name: EngineName;
  /** Why the engine does not work here in float32, or false if it does. */
  readonly skip: string | false;
  readonly create: (threads: number, precision?: Precision) => Engine;
  readonly offers: (op: OpName) => boolean;
}

/** Every engine, on the CPU. */
export const engines: readonly EngineCase[] = engineNames.map((name) => ({
  name,
  skip: reasonToSkip({ engine: name, device: 'cpu', precision: 'float32' }, { fast: true }),
  create: (threads, precision = 'float32') => chooseEngine({ engine: name, precision, threads }).engine,
  offers: engineMakers[name].computes,
}));

export function engineCase(name: EngineName): EngineCase {
  const found = engines.find((one) => one.name === name);
  if (found === undefined) throw new Error(`unknown engine ${name}`);
  return found;
}

/** The precisions in which oneDNN works here, whether fast or not. */
export const plannedPrecisions: readonly PrecisionOf<'onednn'>[] = offers.onednn.cpu.filter((precision) =>
  ['fast', 'slow', 'emulated'].includes(engineSupport('onednn', precision).verdict),
);

/** An engine on a kind of device, in one of the precisions that it offers there. */
export interface EngineVariant extends Offer {
  /** `onnx`, `onednn in bfloat16`, or `onnx on webgpu in float16`. */
  readonly title: string;
  readonly flags: readonly string[];
  /** Why it is not fast here, or false if it is. For a device other than the CPU, the first use may start a trial
   * (`engine-support.ts`). */
  readonly skip: string | false;
  /** Why it does not work here, or false if it does, fast or not. */
  readonly missing: string | false;
  /** Creates the engine, whether it is fast or not. */
  readonly create: (threads: number) => Engine;
  /** Whether the engine supports the operator. */
  readonly computes: (op: OpName) => boolean;
  /** The largest relative error of a value that several operators compute. */
  readonly tolerance: number;
}

const tolerances: Readonly<Record<Precision, number>> = { float32: 1e-5, bfloat16: 2e-2, float16: 4e-3 };

/** Every engine in every precision that it offers on the CPU. */
export const engineVariants: readonly EngineVariant[] = offersWith({ device: 'cpu' }).map(variantOf);
/** Every engine in every precision that it offers on other devices. */
export const deviceVariants: readonly EngineVariant[] = allOffers
  .filter(({ device }) => device !== 'cpu')
  .map(variantOf);
/** Everything that engines offer. The suites of operators run on it. */
export const allVariants: readonly EngineVariant[] = [...engineVariants, ...deviceVariants];
/** Every engine on every device, in float32: the suites that compare whole steps with PyTorch in float64 run on it. */
export const float32Variants: readonly EngineVariant[] = allVariants.filter(
  ({ precision }) => precision === 'float32',
);

export const onednnVariants: readonly EngineVariant[] = engineVariants.filter(
  ({ engine }) => engine === 'onednn',
);

function variantOf(offer: Offer): EngineVariant {
  const { engine, device, precision } = offer;
  const where = device === 'cpu' ? '' : ` on ${device}`;
  const how = precision === 'float32' ? '' : ` in ${precision}`;
  return {
    ...offer,
    title: `${engine}${where}${how}`,
    flags: [
      ...['--engine', engine],
      ...(device === 'cpu' ? [] : ['--device', device]),
      ...(precision === 'float32' ? [] : ['--precision', precision]),
    ],
    get skip() {
      return reasonToSkip(offer, { fast: true });
    },
    get missing() {
      return reasonToSkip(offer);
    },
    create: (threads) => chooseEngine({ engine, device, precision, threads, emulate: true }).engine,
    computes: engineMakers[engine].computes,
    tolerance: tolerances[precision],
  };
}
