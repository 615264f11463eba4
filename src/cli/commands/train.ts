/** The command `cifar10 train`: converts the flags into one call of the library, and prints the events. */
import { pickOptions } from '../../arguments.ts';
import { messageOf } from '../../errors.ts';
import { hyperparameterNames } from '../../recipe/hyperparameters.ts';
import { findLearningRate, requireRangeTest } from '../../run/learning-rate-search.ts';
import { leads } from '../../run/ranks.ts';
import { RunLog } from '../../run/run-log.ts';
import { runTraining } from '../../run/training.ts';
import { requireConsistent, type TrainingRequest, trainingChecks } from '../../run/training-request.ts';
import { SaveRequests } from '../../training/train.ts';
import { writtenName } from '../flag.ts';
import type { TrainFlags } from '../flag-table.ts';
import { LearningRateReporter } from '../learning-rate-reporter.ts';
import { loggedConsole } from '../logged-console.ts';
import { inFlags } from '../option-flags.ts';
import { SilentReporter } from '../silent-reporter.ts';
import { TrainReporter } from '../train-reporter.ts';
import { TrainingPage } from '../training-page.ts';
import type { CommandContext, Outcome } from './context.ts';
import { joinJob, stopTogether } from './join.ts';

/** Trains until `--max-steps`, or until it is stopped. */
export async function trainCommand(context: CommandContext<TrainFlags>): Promise<Outcome> {
  if (context.flags.findLearningRate) return findLearningRateCommand(context);
  const { flags, given, interruption, signal, stopWatch, drained, membership } = context;
  const request = requestOf(flags, given);
  requireConsistent(request);
  const job = await joinJob(context, ['trainDir', 'dataDir']);
  const log = leads(job)
    ? new RunLog({ onError: ({ message }) => context.console.warn(message) })
    : undefined;
  const console = log === undefined ? context.console : loggedConsole(context.console, log);
  const reporter = leads(job) ? new TrainReporter(console, flags, given) : new SilentReporter();
  const page = new TrainingPage(flags, console);
  const saveRequests = new SaveRequests();
  interruption.onSave(() => saveRequests.request());
  interruption.describeLoss = () => reporter.lossOnExit;
  const onSaveProgress = () => stopWatch.progressed();
  let isAbandoned = false;
  try {
    for await (const event of runTraining(request, { signal, saveRequests, onSaveProgress, job })) {
      stopWatch.begin(event.kind === 'busy' && event.with === 'saving' ? 'saving' : 'other');
      reporter.report(event);
      if (event.kind === 'start' && log !== undefined) {
        // The folder is locked now, and an older run was moved aside.
        await log.open(flags.trainDir);
        page.open();
      }
      if (event.kind === 'ready') stopTogether(stopWatch, job);
      if (event.kind === 'end') isAbandoned = event.isAbandoned === true;
      await drained();
    }
  } catch (error) {
    log?.add(inFlags(messageOf(error)));
    throw error;
  } finally {
    stopWatch.begin('other');
    page.close();
    await log?.close();
  }
  if (!isAbandoned) await membership.leave();
  return reporter.finished ? 'done' : 'stopped';
}

/** Tries growing learning rates. Returns `failed` if none can be recommended. */
async function findLearningRateCommand(context: CommandContext<TrainFlags>): Promise<Outcome> {
  const { flags, given, console, signal, stopWatch, drained, membership } = context;
  const request = requestOf(flags, given);
  requireRangeTest(request);
  const job = await joinJob(context, ['dataDir']);
  const reporter = leads(job) ? new LearningRateReporter(console, flags, given) : undefined;
  let [stopped, isAbandoned] = [false, false];
  for await (const event of findLearningRate(request, { signal, job })) {
    reporter?.report(event);
    if (event.kind === 'start') stopTogether(stopWatch, job);
    if (event.kind === 'end') ({ stopped, isAbandoned } = event);
    await drained();
  }
  if (!isAbandoned) await membership.leave();
  return reporter?.outcome ?? (stopped ? 'stopped' : 'done');
}

/** Returns the request that the flags describe. Flags that were not given are omitted, so that the training takes their values
 * from the checkpoint or uses the defaults. */
function requestOf(flags: TrainFlags, given: ReadonlySet<string>): TrainingRequest {
  const { trainDir, dataDir, ...optional } = flags;
  const isGiven = (name: string) => given.has(writtenName(name));
  const givenFlags = Object.fromEntries(Object.entries(optional).filter(([name]) => isGiven(name)));
  const hyperparameters = Object.fromEntries(
    hyperparameterNames.filter(isGiven).map((name) => [name, flags[name]]),
  );
  return { ...pickOptions<TrainingRequest>(givenFlags, trainingChecks), trainDir, dataDir, hyperparameters };
}
