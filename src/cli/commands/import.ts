/** The command `cifar10 import`: passes the flags to `importPictures`, and prints the events. */
import { UsageError } from '../../errors.ts';
import { importPictures } from '../../run/import-pictures.ts';
import { dataReporter } from '../data-reporter.ts';
import type { ImportFlags } from '../flag-table.ts';
import type { CommandContext, Outcome } from './context.ts';
import { requireTrustedFolders } from './folders.ts';

export async function importCommand({
  flags,
  given,
  console,
  signal,
}: CommandContext<ImportFlags>): Promise<Outcome> {
  const { from, dataDir, imageSize, testShare, splitSeed } = flags;
  if (from === undefined) throw new UsageError('import needs pictures: add --from, such as --from photos');
  await requireTrustedFolders(flags, given, ['from', 'dataDir'], console.warn);
  const request = { from, dataDir, imageSize, testShare, splitSeed };
  await importPictures(request, { signal, onEvent: dataReporter(console, console.result) });
  return 'done';
}
