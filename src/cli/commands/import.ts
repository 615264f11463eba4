/** The command `cifar10 import`: passes the flags to `importPictures`, and prints the events. */
import { command } from '../../command.ts';
import { shellWord } from '../../disk/shell-word.ts';
import { UsageError } from '../../errors.ts';
import { importPictures } from '../../run/import-pictures.ts';
import { firstThenOthers, leads } from '../../run/ranks.ts';
import { dataReporter } from '../data-reporter.ts';
import type { ImportFlags } from '../flag-table.ts';
import { suggests } from '../next-commands.ts';
import type { CommandContext, Outcome } from './context.ts';
import { joinJob } from './join.ts';

export async function importCommand(context: CommandContext<ImportFlags>): Promise<Outcome> {
  const { flags, console, signal, membership } = context;
  const { from, dataDir, imageSize, testShare, splitSeed } = flags;
  if (from === undefined) throw new UsageError('import needs pictures: add --from, such as --from photos');
  const job = await joinJob(context, ['dataDir']);
  const onEvent = leads(job) ? dataReporter(console, console.result) : () => undefined;
  const request = { from, dataDir, imageSize, testShare, splitSeed };
  await firstThenOthers(job, () => importPictures(request, { signal, onEvent }));
  if (leads(job) && suggests())
    console.line(`To train on them:\n  ${command(`train --data ${shellWord(dataDir)}`)}`);
  await membership.leave();
  return 'done';
}
