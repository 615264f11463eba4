/** The command `cifar10 eval`: converts the flags into one call of the library, and prints the events. */
import { pickOptions } from '../../arguments.ts';
import { runEvaluation } from '../../run/evaluation.ts';
import { type EvaluationRequest, evaluationChecks } from '../../run/evaluation-request.ts';
import { requireOffer } from '../../run/fastest-device.ts';
import { leads } from '../../run/ranks.ts';
import { EvalReporter } from '../eval-reporter.ts';
import type { EvalFlags } from '../flag-table.ts';
import type { CommandContext, Outcome } from './context.ts';
import { joinJob } from './join.ts';

export async function evalCommand(context: CommandContext<EvalFlags>): Promise<Outcome> {
  const { flags, console, signal, membership } = context;
  requireOffer(flags);
  const job = await joinJob(context, ['checkpointDir', 'evalDir', 'dataDir']);
  const reporter = leads(job) ? new EvalReporter(console, flags) : undefined;
  let [stopped, isAbandoned] = [false, false];
  for await (const event of runEvaluation(requestOf(flags), { signal, job })) {
    reporter?.report(event);
    if (event.kind === 'end') ({ stopped, isAbandoned } = event);
  }
  if (!isAbandoned) await membership.leave();
  return stopped ? 'stopped' : 'done';
}

function requestOf(flags: EvalFlags): EvaluationRequest {
  const { checkpointDir, evalDir, dataDir } = flags;
  return { ...pickOptions<EvaluationRequest>(flags, evaluationChecks), checkpointDir, evalDir, dataDir };
}
