/** The command `cifar10 download`: passes the flags to `provideDataset`, and prints the events. */
import { provideDataset, requireOneSource } from '../../run/ensure-dataset.ts';
import { dataReporter } from '../data-reporter.ts';
import type { DownloadFlags } from '../flag-table.ts';
import type { CommandContext, Outcome } from './context.ts';
import { requireTrustedFolders } from './folders.ts';

export async function downloadCommand({
  flags,
  given,
  console,
  signal,
}: CommandContext<DownloadFlags>): Promise<Outcome> {
  requireOneSource(flags);
  await requireTrustedFolders(flags, given, ['dataDir'], console.warn);
  await provideDataset(flags, { signal, onEvent: dataReporter(console, console.result) });
  return 'done';
}
