/** Chooses an engine. */
import {
  aBoolean,
  aChoice,
  aWholeNumber,
  type OptionChecks,
  optional,
  required,
  requireOneOf,
  requireOptions,
} from '../arguments.ts';
import { UsageError } from '../errors.ts';
import { alternatives } from '../wording.ts';
import { type Device, deviceParts } from './device.ts';
import { aDevice } from './device-names.ts';
import type { Engine, Support } from './engine.ts';
import type { EngineOptions, PrecisionMaker } from './maker.ts';
import {
  type EngineName,
  engineChoices,
  engineNames,
  offersWith,
  type Precision,
  type PrecisionOf,
  precisions,
  precisionsOf,
} from './offers.ts';
import { engineMakers } from './registry.ts';

/** What `chooseEngine` chooses from. */
export interface EngineRequest {
  /** `auto` selects the fastest engine that works on this machine. */
  readonly engine: EngineName | 'auto';
  readonly precision: Precision;
  /** Default: `cpu`. */
  readonly device?: Device;
  readonly threads?: number;
  readonly emulate?: boolean;
}

const requestChecks: OptionChecks<EngineRequest> = {
  engine: required(aChoice(engineChoices)),
  precision: required(aChoice(precisions)),
  device: optional(aDevice),
  threads: optional(aWholeNumber(1)),
  emulate: optional(aBoolean),
};

/** An engine, and why it was chosen. */
export interface ChosenEngine {
  readonly engine: Engine;
  /** Why this engine was chosen, phrased as the end of a sentence, or undefined if the engine was requested by name. */
  readonly reason?: string;
  /** Why the engine is slow in its precision on its device, although it works, or undefined if it is not. */
  readonly slow?: string;
}

/** Creates the requested engine. `auto` selects the fastest engine that works on the device.
 * @throws UsageError for an engine that does not exist, or a precision that the engine does not offer on the device
 * @throws RunError when the engine or the device is missing, or does not support the request */
export function chooseEngine(request: EngineRequest): ChosenEngine {
  requireOptions(request, requestChecks);
  const { engine, precision, device = 'cpu' } = request;
  requireOffered(engine, precision, device);
  const wanted = { ...request, device };
  if (engine !== 'auto') return create(engine, wanted);
  const offering = offersWith({ precision, device: deviceParts(device).kind }).map((offer) => offer.engine);
  const [first = 'onnx', ...others] = offering.toSorted(
    (a, b) => engineMakers[a].rank - engineMakers[b].rank,
  );
  // If only one engine offers the combination and it does not work here, its own error says what to do.
  if (others.length === 0) {
    const reason = `the only one for ${device === 'cpu' ? precision : device}`;
    return { ...create(first, wanted), reason };
  }
  return fastest([first, ...others], wanted);
}

type DeviceRequest = EngineRequest & { readonly device: Device };

/** Creates the first of the given engines that is fast on this machine, or the last one if none is. */
function fastest(
  [first, ...others]: readonly [EngineName, ...EngineName[]],
  request: DeviceRequest,
  reason = 'the fastest that works here',
): ChosenEngine {
  const support = engineSupport(first, request.precision, request.device);
  const [next, ...rest] = others;
  if (support.verdict === 'fast' || next === undefined) return { ...create(first, request), reason };
  return fastest([next, ...rest], request, support.why);
}

function create(engine: EngineName, request: DeviceRequest): ChosenEngine {
  const maker = makerOf(engine, request.precision, request.device);
  const made = maker.create(request);
  const support = maker.support(request.device);
  return { engine: made, ...(support.verdict === 'slow' && { slow: support.why }) };
}

/** Creates an engine with a precision that it offers; the compiler checks the combination.
 * @throws UsageError when the engine does not offer the precision on the device
 * @throws RunError when the engine or the device is missing, or does not support the request */
export function createEngine<E extends EngineName>(
  engine: E,
  options: EngineOptions<E> & { readonly device?: Device },
): Engine {
  const { precision, ...rest } = options;
  return chooseEngine({ engine, precision, ...rest }).engine;
}

/** Returns how well an engine supports a precision on a device of this machine. The answer is cached.
 * @throws RunError when files, threads or memory run out */
export function engineSupport(engine: EngineName, precision: Precision, device: Device = 'cpu'): Support {
  requireOffered(engine, precision, device);
  return makerOf(engine, precision, device).support(device);
}

/** Returns which instructions of the CPU the engines use, one sentence for each engine whose library reports it.
 * @throws RunError when the library of such an engine is missing */
export function usedInstructions(): readonly string[] {
  return engineNames.flatMap((name) => engineMakers[name].instructions?.() ?? []);
}

/** Checks that the engine offers the precision on the device.
 * @throws UsageError for a combination that no machine supports; the message names the alternatives */
export function requireOffered(
  engine: EngineName | 'auto',
  precision: Precision,
  device: Device = 'cpu',
): void {
  requireOneOf('engine', engine, engineChoices);
  requireOneOf('precision', precision, precisions);
  aDevice('device', device);
  const { kind } = deviceParts(device);
  const named = engine === 'auto' ? {} : { engine };
  if (offersWith({ ...named, device: kind, precision }).length > 0) return;
  const found = engine === 'auto' ? undefined : precisionsOf(engine, kind);
  if (found?.length === 0) throw new UsageError(notOnDevice(engine, device));
  const others = offersWith({ device: kind, precision }).map((offer) => offer.engine);
  if (found === undefined || others.length === 0) {
    const offered = [...new Set(offersWith({ ...named, device: kind }).map((offer) => offer.precision))];
    throw new UsageError(
      `\`device: ${device}\` only computes in ${alternatives(offered)}, found ${precision}`,
    );
  }
  const where = kind === 'cpu' ? '' : ` on \`device: ${device}\``;
  const instead = alternatives([...others, 'auto'].map((name) => `\`engine: ${name}\``));
  throw new UsageError(
    `\`engine: ${engine}\` only computes in ${alternatives(found)}${where}; for ${precision} use ${instead}`,
  );
}

function notOnDevice(engine: EngineName | 'auto', device: Device): string {
  const names = [...new Set(offersWith({ device: deviceParts(device).kind }).map((offer) => offer.engine))];
  const instead = alternatives([...names, 'auto'].map((name) => `\`engine: ${name}\``));
  return `\`engine: ${engine}\` does not compute on \`device: ${device}\`; use ${instead}, or \`device: cpu\``;
}

/** Returns the object that makes an engine in one precision on a device. Callers first check that the engine offers this
 * (`requireOffered`). */
function makerOf<E extends EngineName>(
  engine: E,
  precision: Precision,
  device: Device,
): PrecisionMaker<E, PrecisionOf<E>> {
  const devices: Makers<E> = engineMakers[engine].on;
  const maker = devices[deviceParts(device).kind]?.[precision];
  if (maker === undefined)
    throw new UsageError(`\`engine: ${engine}\` does not compute in ${precision} on \`device: ${device}\``);
  return maker;
}

type Makers<E extends EngineName> = {
  readonly [D in Device]?: { readonly [P in Precision]?: PrecisionMaker<E, PrecisionOf<E>> };
};
