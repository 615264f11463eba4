/** The command `cifar10 eval`: converts the flags into one call of the library, and prints the events. */
import { pickOptions } from '../../arguments.ts';
import { requireOffered } from '../../engine/engines.ts';
import { runEvaluation } from '../../run/evaluation.ts';
import { type EvaluationRequest, evaluationChecks } from '../../run/evaluation-request.ts';
import { EvalReporter } from '../eval-reporter.ts';
import type { EvalFlags } from '../flag-table.ts';
import type { CommandContext, Outcome } from './context.ts';
import { requireTrustedFolders } from './folders.ts';

export async function evalCommand(context: CommandContext<EvalFlags>): Promise<Outcome> {
  const { flags, given, console, signal } = context;
  requireOffered(flags.engine, flags.precision);
  await requireTrustedFolders(flags, given, ['checkpointDir', 'evalDir', 'dataDir'], console.warn);
  const reporter = new EvalReporter(console, flags);
  for await (const event of runEvaluation(requestOf(flags), { signal })) reporter.report(event);
  return signal.aborted ? 'stopped' : 'done';
}

function requestOf(flags: EvalFlags): EvaluationRequest {
  const { checkpointDir, evalDir, dataDir } = flags;
  return { ...pickOptions<EvaluationRequest>(flags, evaluationChecks), checkpointDir, evalDir, dataDir };
}
