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
import type { Engine, Support } from './engine.ts';
import type { EngineOptions, PrecisionMaker } from './maker.ts';
import {
  type EngineName,
  engineChoices,
  engineNames,
  offers,
  offersPrecision,
  type Precision,
  precisions,
} from './offers.ts';
import { engineMakers } from './registry.ts';

/** What `chooseEngine` chooses from. */
export interface EngineRequest {
  /** `auto` selects the fastest engine that works on this machine. */
  readonly engine: EngineName | 'auto';
  readonly precision: Precision;
  readonly threads?: number;
  readonly emulate?: boolean;
}

const requestChecks: OptionChecks<EngineRequest> = {
  engine: required(aChoice(engineChoices)),
  precision: required(aChoice(precisions)),
  threads: optional(aWholeNumber(1)),
  emulate: optional(aBoolean),
};

/** An engine, and why it was chosen. */
export interface ChosenEngine {
  readonly engine: Engine;
  /** Why this engine was chosen, phrased as the end of a sentence, or undefined if the engine was requested by name. */
  readonly reason?: string;
}

/** Creates the requested engine. `auto` selects the fastest engine that works on this machine.
 * @throws UsageError for an engine that does not exist, or a precision that the engine does not offer
 * @throws RunError when the engine is missing, or this CPU does not support the request */
export function chooseEngine(request: EngineRequest): ChosenEngine {
  requireOptions(request, requestChecks);
  const { engine, precision } = request;
  requireOffered(engine, precision);
  if (engine !== 'auto') return { engine: makerOf(engine, precision).create(request) };
  const offering = engineNames.filter((name) => offersPrecision(name, precision));
  const [first, ...others] = offering.toSorted((a, b) => engineMakers[a].rank - engineMakers[b].rank);
  // If only one engine offers the precision and it does not work here, its own error says what to do.
  if (first === undefined || others.length === 0)
    return { engine: makerOf(first ?? 'onnx', precision).create(request), reason: `for ${precision}` };
  return fastest([first, ...others], request);
}

/** Creates the first of the given engines that is fast on this machine, or the last one if none is. */
function fastest(
  [first, ...others]: readonly [EngineName, ...EngineName[]],
  request: EngineRequest,
  reason = 'the fastest that works here',
): ChosenEngine {
  const support = engineSupport(first, request.precision);
  const [next, ...rest] = others;
  if (support.verdict === 'fast' || next === undefined)
    return { engine: makerOf(first, request.precision).create(request), reason };
  return fastest([next, ...rest], request, support.why);
}

/** Creates an engine with a precision that it offers; the compiler checks the combination.
 * @throws RunError when the engine is missing, or this CPU does not support the request */
export function createEngine<E extends EngineName>(engine: E, options: EngineOptions<E>): Engine {
  const { precision, ...rest } = options;
  return chooseEngine({ engine, precision, ...rest }).engine;
}

/** Returns how well an engine supports a precision on this machine. The answer is cached.
 * @throws RunError when files, threads or memory run out */
export function engineSupport(engine: EngineName, precision: Precision): Support {
  requireOffered(engine, precision);
  return makerOf(engine, precision).support();
}

/** Checks that the engine offers the precision.
 * @throws UsageError for a combination that no machine supports; the message names the alternatives */
export function requireOffered(engine: EngineName | 'auto', precision: Precision): void {
  requireOneOf('engine', engine, engineChoices);
  requireOneOf('precision', precision, precisions);
  if (engine === 'auto') return;
  if (offersPrecision(engine, precision)) return;
  const others = engineNames.filter((name) => offersPrecision(name, precision));
  const instead =
    others.length === 0
      ? ''
      : `; for ${precision} use ${alternatives([...others, 'auto'].map((name) => `\`engine: ${name}\``))}`;
  throw new UsageError(
    `\`engine: ${engine}\` only computes in ${alternatives(offers[engine].precisions)}${instead}`,
  );
}

/** Returns the object that makes an engine in one precision. Callers first check that the engine offers this precision
 * (`requireOffered`). */
function makerOf(engine: EngineName, precision: Precision): PrecisionMaker<EngineName, Precision> {
  const makers: Partial<Record<Precision, PrecisionMaker<EngineName, Precision>>> =
    engineMakers[engine].on.cpu;
  const maker = makers[precision];
  if (maker === undefined) throw new UsageError(`\`engine: ${engine}\` does not compute in ${precision}`);
  return maker;
}
