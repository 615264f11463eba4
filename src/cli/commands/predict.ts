/** The command `cifar10 predict`: converts the flags into one call of the library, and prints the events. */
import { pickOptions } from '../../arguments.ts';
import { command } from '../../command.ts';
import { UsageError } from '../../errors.ts';
import { type PredictionRequest, predict, predictionChecks } from '../../predict/predict.ts';
import { standardInput } from '../../predict/sources.ts';
import { requireOffer } from '../../run/fastest-device.ts';
import type { PredictFlags } from '../flag-table.ts';
import { PredictReporter } from '../predict-reporter.ts';
import type { CommandContext, Outcome } from './context.ts';
import { requireTrustedFolders } from './folders.ts';

export async function predictCommand(context: CommandContext<PredictFlags>): Promise<Outcome> {
  const { flags, given, operands: sources, console, signal, drained } = context;
  requireOffer(flags);
  requireRequest(flags, sources);
  await requireTrustedFolders(flags, given, ['checkpointDir'], console.warn);
  const reporter = new PredictReporter(console, flags);
  const request: PredictionRequest = {
    ...pickOptions<PredictionRequest>(flags, predictionChecks),
    ...{ checkpointDir: flags.checkpointDir, sources },
  };
  for await (const event of predict(request, { signal })) {
    reporter.report(event);
    await drained();
  }
  if (signal.aborted) return 'stopped';
  return reporter.isComplete ? 'done' : 'failed';
}

/** @throws UsageError for a command line that cannot work */
function requireRequest({ csv, json }: PredictFlags, sources: readonly string[]): void {
  if (csv && json) throw new UsageError('--csv and --json cannot be combined');
  if (sources.length === 0)
    throw new UsageError(
      'predict needs at least one picture: a file, a folder, a quoted pattern such as "photos/*.jpg", or - for standard input',
    );
  if (sources.includes(standardInput) && process.stdin.isTTY)
    throw new UsageError(
      `standard input (-) is a terminal; redirect a picture to it, as in: ${command('predict - < cat.jpg')}`,
    );
}
