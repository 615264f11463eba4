/** Graph → program → plan: runs all passes in order and checks the program after each pass that changes layouts. */
import type { Graph } from '../../graph/graph.ts';
import { withoutRole } from '../../graph/results.ts';
import { commuteRelu } from '../../passes/commute-pool.ts';
import { prune } from '../../passes/rewrite.ts';
import type { PrecisionOf } from '../offers.ts';
import { assignLayouts } from './assign-layouts.ts';
import { checkProgram } from './check-program.ts';
import { fuseBias, fuseBiasGradient, fuseChains, fuseFunctions, headChains, pruneCalls } from './fuse.ts';
import { fuseNormRelu } from './fuse-norm-relu.ts';
import { type Gaps, noGaps } from './gaps.ts';
import { insertReorders } from './insert-reorders.ts';
import { LayoutTable } from './layout-table.ts';
import { lower } from './lower.ts';
import { lowerExchange } from './lower-exchange.ts';
import { makePrimitives } from './make-primitives.ts';
import type { Onednn } from './native/onednn.ts';
import type { Plan } from './plan.ts';
import { toReduced } from './precision.ts';
import type { Program } from './program.ts';
import { scheduleExchange } from './schedule-exchange.ts';
import { scheduleFiniteCheck } from './schedule-finite-check.ts';
import { imagesSideBySide, type SideBySideRule } from './side-by-side.ts';
import { splitChannelSums } from './split-channel-sums.ts';
import { addWatchedCalls } from './watched-calls.ts';
import { winogradForms } from './winograd.ts';
import { neverWinograd, type WinogradRule } from './winograd-rule.ts';

/** Options of `programOf`. */
export interface ProgramOptions {
  /** Whether the session averages exchanged values with others. If not, they are ordinary values. Default: false. */
  readonly exchange?: boolean;
  /** What oneDNN lacks on this CPU. Default: nothing. */
  readonly gaps?: Gaps;
  /** Which convolutions in float32 use Winograd's algorithm. Default: none. */
  readonly winograd?: WinogradRule;
  /** Which gradients of filters are computed from images side by side. Default: none. */
  readonly sideBySide?: SideBySideRule;
}

/** Returns the program of a graph. It depends on the machine only through `gaps`, `winograd` and `sideBySide`.
 * @throws GraphError for a graph that the engine does not support, or whose values cannot be exchanged */
export function programOf(
  graph: Graph,
  precision: PrecisionOf<'onednn'>,
  { exchange = false, gaps = noGaps, winograd = neverWinograd, sideBySide }: ProgramOptions = {},
): Program {
  const chains = gaps.chains ? [fuseFunctions] : [fuseChains, headChains];
  const passes = [pruneCalls, fuseNormRelu, fuseBias, fuseBiasGradient, ...chains];
  const alone = { ...graph, results: withoutRole(graph.results, 'exchanged') };
  const forms = winogradForms(precision === 'float32' ? winograd : neverWinograd);
  const whole = exchange
    ? lowerExchange(commuteRelu(prune(graph)), forms)
    : lower(commuteRelu(prune(alone)), forms);
  const fused = passes.reduce((program, pass) => pass(program), whole);
  const typing = precision === 'float32' ? [] : [toReduced(precision, gaps.kinds)];
  const rewriting = [imagesSideBySide(sideBySide), splitChannelSums, pruneCalls];
  return [...typing, ...rewriting, scheduleExchange, scheduleFiniteCheck].reduce(
    (program, pass) => pass(program),
    addWatchedCalls(fused, whole),
  );
}

/** @throws RunError that describes the call, when oneDNN does not support a call */
export function planOf(onednn: Onednn, program: Program): Plan {
  const table = new LayoutTable(onednn);
  const assigned = checkProgram(assignLayouts(program, table, onednn));
  const reordered = checkProgram(insertReorders(table)(assigned));
  return makePrimitives(reordered, table, onednn);
}
