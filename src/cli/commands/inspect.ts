/** The command `cifar10 inspect`: passes the flags to `inspect`, and prints the findings. */
import { UsageError } from '../../errors.ts';
import { inspect, inspectable } from '../../inspect/inspect.ts';
import type { InspectFlags } from '../flag-table.ts';
import { inspectReporter } from '../inspect-reporter.ts';
import type { CommandContext, Outcome } from './context.ts';

export async function inspectCommand({
  flags,
  operands,
  console,
}: CommandContext<InspectFlags>): Promise<Outcome> {
  const [thing, ...more] = operands;
  if (thing === undefined || more.length > 0)
    throw new UsageError(`inspect takes one argument: ${inspectable}`);
  const report = inspectReporter(console);
  for await (const finding of inspect(thing, flags)) report(finding);
  return 'done';
}
