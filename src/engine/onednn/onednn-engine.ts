/** The engine that runs graphs with oneDNN, the CPU library behind PyTorch and TensorFlow. */
import { Worker } from 'node:worker_threads';
import {
  aBoolean,
  aChoice,
  aWholeNumber,
  type OptionChecks,
  optional,
  requireOptions,
} from '../../arguments.ts';
import { command } from '../../command.ts';
import { RunError } from '../../errors.ts';
import { usableCores } from '../../machine/cores.ts';
import { definitions } from '../../ops/table.ts';
import { splitExchange } from '../../passes/split-exchange.ts';
import { workerFlags } from '../../threads/worker-flags.ts';
import { alternatives } from '../../wording.ts';
import { compileChecks, type Engine, type Session } from '../engine.ts';
import type { EngineMaker, EngineOptions, PrecisionMaker } from '../maker.ts';
import { offers, offersWith, type PrecisionOf } from '../offers.ts';
import { sessionThreads, WorkerSession } from '../worker-session.ts';
import type { SessionStart } from './cifar10-onednn-worker.ts';
import { describeInstructions, instructionSetName } from './instruction-set.ts';
import { openLibrary } from './native/library.ts';
import { type SideBySideRule, sideBySideRule } from './side-by-side.ts';
import { onednnGaps, onednnSupport } from './support.ts';
import { neverWinograd, type WinogradRule, winogradRule } from './winograd-rule.ts';

const threadPool = sessionThreads<SessionStart>(
  () => new Worker(new URL('./cifar10-onednn-worker.js', import.meta.url), { execArgv: workerFlags() }),
);

/** Options of `createOnednnEngine`. */
export type OnednnOptions = Partial<EngineOptions<'onednn'>>;

const onednnChecks: OptionChecks<OnednnOptions> = {
  precision: optional(aChoice(offers.onednn.cpu)),
  threads: optional(aWholeNumber(1)),
  emulate: optional(aBoolean),
};

/** @throws RunError when oneDNN is missing or too old, cannot compute in the precision on this CPU, or is slow in
 * that precision and `emulate` is not set */
export function createOnednnEngine(options: OnednnOptions = {}): Engine {
  requireOptions(options, onednnChecks);
  const { precision = 'float32', ...rest } = options;
  return createIn(precision, rest);
}

function createIn<P extends PrecisionOf<'onednn'>>(
  precision: P,
  { threads = usableCores(), emulate = false }: Omit<OnednnOptions, 'precision'>,
): Engine & { readonly name: 'onednn'; readonly precision: P } {
  const support = onednnSupport(precision);
  const unavailable = { code: 'CIFAR10_ENGINE_UNAVAILABLE', data: { engine: 'onednn', precision } } as const;
  if (support.verdict === 'missing') throw new RunError(support.why, unavailable);
  if (support.verdict === 'impossible')
    throw new RunError(`${support.why}. Use ${alternativesTo(precision)}.`, unavailable);
  if (support.verdict === 'emulated' && !emulate)
    throw new RunError(
      `${support.why}. Use ${alternativesTo(precision)}; ` +
        `${command(`bench --engine onednn --precision ${precision}`)} measures how slow it is here.`,
      unavailable,
    );
  const library = `oneDNN ${openLibrary().version}`;
  return {
    name: 'onednn',
    library,
    precision,
    device: 'cpu',
    threads,
    compile: async (graph, options = {}) => {
      requireOptions(options, compileChecks);
      const { exchange } = options;
      // A graph that cannot be split is refused here, before a thread starts.
      if (exchange !== undefined) splitExchange(graph);
      return compile({
        ...{ graph, threads: options.threads ?? threads, precision, exchange },
        gaps: onednnGaps(precision),
        winograd: winogradHere(),
        sideBySide: sideBySideHere(precision),
      });
    },
  };
}

export const onednnMaker: EngineMaker<'onednn'> = {
  rank: 1,
  on: { cpu: { float32: makerIn('float32'), bfloat16: makerIn('bfloat16'), float16: makerIn('float16') } },
  instructions: describeInstructions,
  computes: (op) => !('notOffered' in definitions[op].onednn),
};

function makerIn<P extends PrecisionOf<'onednn'>>(precision: P): PrecisionMaker<'onednn', P> {
  return { support: () => onednnSupport(precision), create: (options) => createIn(precision, options) };
}

/** What to use where the precision does not work. */
function alternativesTo(precision: PrecisionOf<'onednn'>): string {
  const others = offersWith({ device: 'cpu', precision }).filter(({ engine }) => engine !== 'onednn');
  const engines = others.map(({ engine }) => `\`engine: ${engine}\``);
  return alternatives([...(precision === 'float32' ? [] : ['`precision: float32`']), ...engines]);
}

/** Returns the rule for the instruction set that oneDNN uses here. */
export function winogradHere(): WinogradRule {
  return process.arch === 'arm64' ? neverWinograd : winogradRule(instructionSetName());
}

function sideBySideHere(precision: PrecisionOf<'onednn'>): SideBySideRule {
  return process.arch === 'arm64' ? undefined : sideBySideRule(precision, instructionSetName());
}

function compile(start: SessionStart): Promise<Session> {
  return WorkerSession.create(start.graph, {
    ...{ library: 'oneDNN', threads: threadPool, start },
    adviceFor: () => '',
  });
}
