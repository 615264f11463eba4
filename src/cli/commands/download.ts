/** The command `cifar10 download`: passes the flags to `provideDataset`, and prints the events. */
import { provideDataset, requireOneSource } from '../../run/ensure-dataset.ts';
import { firstThenOthers, leads } from '../../run/ranks.ts';
import { dataReporter } from '../data-reporter.ts';
import type { DownloadFlags } from '../flag-table.ts';
import type { CommandContext, Outcome } from './context.ts';
import { joinJob } from './join.ts';

export async function downloadCommand(context: CommandContext<DownloadFlags>): Promise<Outcome> {
  const { flags, console, signal, membership } = context;
  requireOneSource(flags);
  const job = await joinJob(context, ['dataDir']);
  const onEvent = leads(job) ? dataReporter(console, console.result) : () => undefined;
  // Hosts that share no disk each get a copy.
  await firstThenOthers(job, () => provideDataset(flags, { signal, onEvent }));
  await membership.leave();
  return 'done';
}
