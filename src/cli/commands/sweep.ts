/** The command `cifar10 sweep`: converts the flags into one call of the library, and prints the events. */
import { pickOptions } from '../../arguments.ts';
import { UsageError } from '../../errors.ts';
import { hyperparameterNames } from '../../recipe/hyperparameters.ts';
import { runSweep } from '../../run/sweep.ts';
import { planSweep, type SweepRequest } from '../../run/sweep-request.ts';
import { type TrainingRequest, trainingChecks } from '../../run/training-request.ts';
import { SaveRequests } from '../../training/train.ts';
import { writtenName } from '../flag.ts';
import type { SweepFlags } from '../flag-table.ts';
import { SweepReporter } from '../sweep-reporter.ts';
import type { CommandContext, Outcome } from './context.ts';
import { requireTrustedFolders } from './folders.ts';

/**
 * Trains every combination of the values, unless it is stopped first. Returns `failed` if a run failed for a reason other than
 * divergence, or if no run finished.
 */
export async function sweepCommand(context: CommandContext<SweepFlags>): Promise<Outcome> {
  const { flags, given, console, interruption, signal, stopWatch, drained } = context;
  const request = requestOf(flags, given);
  await planSweep(request);
  await requireTrustedFolders(flags, given, ['sweepDir', 'dataDir'], console.warn);
  const reporter = new SweepReporter(console, flags, given);
  const saveRequests = new SaveRequests();
  interruption.onSave(() => saveRequests.request());
  interruption.describeLoss = () => reporter.lossOnExit;
  const onSaveProgress = () => stopWatch.progressed();
  try {
    for await (const event of runSweep(request, { signal, saveRequests, onSaveProgress })) {
      const training = event.kind === 'training' ? event.event : undefined;
      stopWatch.begin(training?.kind === 'busy' && training.with === 'saving' ? 'saving' : 'other');
      reporter.report(event);
      await drained();
    }
  } finally {
    stopWatch.begin('other');
  }
  return reporter.outcome;
}

/** Returns the request that the flags describe. Flags with several values are varied; those with one value are the same for
 * all runs.
 * @throws UsageError when no flag has several values */
function requestOf(flags: SweepFlags, given: ReadonlySet<string>): SweepRequest {
  const { sweepDir, dataDir, ...optional } = flags;
  const givenFlags = Object.entries<unknown>(optional).filter(([name]) => given.has(writtenName(name)));
  const isVaried = ([, value]: readonly [string, unknown]) => Array.isArray(value) && value.length > 1;
  const varied = givenFlags.filter(isVaried);
  if (varied.length === 0)
    throw new UsageError(
      'sweep needs at least one flag with several values, such as --learning-rate 0.05,0.1',
    );
  const same = givenFlags
    .filter((entry) => !isVaried(entry))
    .map(([name, value]) => [name, Array.isArray(value) ? value[0] : value] as const);
  const isHyperparameter = ([name]: readonly [string, unknown]) =>
    hyperparameterNames.some((one) => one === name);
  return {
    ...pickOptions<TrainingRequest>(Object.fromEntries(same), trainingChecks),
    ...{ sweepDir, dataDir },
    hyperparameters: Object.fromEntries(same.filter(isHyperparameter)),
    vary: Object.fromEntries(varied),
  };
}
