/** `cifar10 train`: flags, one library call, printed events. */

import { hyperparameterNames } from '../../recipe/hyperparameters.ts';
import { runTraining, type TrainingEvent } from '../../run/training.ts';
import { requireConsistent, type TrainingRequest } from '../../run/training-request.ts';
import { SaveRequests } from '../../training/train.ts';
import { writtenName } from '../flag.ts';
import type { TrainFlags } from '../flag-table.ts';
import { interruption } from '../signals.ts';
import { type Activity, computing, saving, waiting } from '../stop-watch.ts';
import { TrainReporter } from '../train-reporter.ts';
import type { CommandContext } from './context.ts';
import { requireTrustedFolders } from './folders.ts';

/** Trains until `--max-steps`, or until it is stopped. Returns whether it reached the end. */
export async function trainCommand(context: CommandContext<TrainFlags>): Promise<boolean> {
  const { flags, given, console, signal, stopWatch } = context;
  const request = requestOf(flags, given);
  requireConsistent(request);
  await requireTrustedFolders(flags, given, ['trainDir', 'dataDir'], console.warn);
  const reporter = new TrainReporter(console, flags);
  const saveRequests = new SaveRequests();
  interruption.onSave(() => saveRequests.request());
  interruption.onLeave = () => console.warn(reporter.lossOfLeaving);
  try {
    for await (const event of runTraining(request, { signal, saveRequests })) {
      stopWatch.begin(activityAfter(event));
      reporter.report(event);
    }
  } finally {
    stopWatch.begin(waiting());
  }
  return reporter.finished;
}

/** Flags that were not given are left out: they have the values of the checkpoint, or the defaults. */
function requestOf(flags: TrainFlags, given: ReadonlySet<string>): TrainingRequest {
  const { trainDir, dataDir, ...optional } = flags;
  const isGiven = (name: string) => given.has(writtenName(name));
  const asked = Object.fromEntries(Object.entries(optional).filter(([name]) => isGiven(name)));
  const hyperparameters = Object.fromEntries(
    hyperparameterNames.filter(isGiven).map((name) => [name, flags[name]]),
  );
  return { trainDir, dataDir, ...asked, hyperparameters };
}

/** What the training does until the next event. */
function activityAfter({ kind, ...event }: TrainingEvent): Activity {
  switch (kind) {
    case 'warning':
    case 'locked':
    case 'data':
    case 'reading':
    case 'movedAside':
      return waiting();
    case 'busy':
      return 'with' in event && event.with === 'saving' ? saving() : computing();
    default:
      return computing();
  }
}
