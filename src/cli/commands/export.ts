/** The command `cifar10 export`: converts the flags into one call of the library, and prints the events. */
import { pickOptions } from '../../arguments.ts';
import { UsageError } from '../../errors.ts';
import { exportModel } from '../../export/export.ts';
import { type ExportRequest, exportChecks } from '../../export/export-request.ts';
import { exportReporter } from '../export-reporter.ts';
import type { ExportFlags } from '../flag-table.ts';
import type { CommandContext, Outcome } from './context.ts';
import { requireTrustedFolders } from './folders.ts';

export async function exportCommand(context: CommandContext<ExportFlags>): Promise<Outcome> {
  const { flags, operands, given, console, signal } = context;
  const [run, ...more] = operands;
  if (more.length > 0)
    throw new UsageError(
      `export takes one argument, a training folder or a checkpoint file; found ${operands.length}`,
    );
  if (run !== undefined && given.has('checkpoint-dir'))
    throw new UsageError(`found ${run} and --checkpoint-dir ${flags.checkpointDir}; leave one of them out`);
  const checkpointDir = run ?? flags.checkpointDir;
  const folders = run === undefined ? given : new Set([...given, 'checkpoint-dir']);
  await requireTrustedFolders(
    { ...flags, checkpointDir },
    folders,
    ['checkpointDir', 'dataDir', 'evalDir'],
    console.warn,
  );
  const report = exportReporter(console);
  const request = { ...pickOptions<ExportRequest>(flags, exportChecks), checkpointDir };
  for await (const event of exportModel(request, { signal })) report(event);
  return 'done';
}
