/** The command `cifar10 dashboard`: converts the flags into one call of the library, and prints the link. */
import { once } from 'node:events';
import { serveDashboard } from '../../dashboard/dashboard.ts';
import { UsageError } from '../../errors.ts';
import { counted } from '../../wording.ts';
import type { DashboardFlags } from '../flag-table.ts';
import type { CommandContext, Outcome } from './context.ts';

/** Serves the page until Ctrl-C. */
export async function dashboardCommand({
  flags,
  operands,
  console,
  signal,
}: CommandContext<DashboardFlags>): Promise<Outcome> {
  if (operands.length > 0)
    throw new UsageError(
      `dashboard takes no arguments, found ${operands.join(' ')}; name the folder with --logdir`,
    );
  const { logdir, host, port } = flags;
  const dashboard = await serveDashboard({ logdir, host, port });
  const { link, runs, remarks } = dashboard;
  for (const remark of remarks) console.warn(remark);
  const what = runs === 0 ? 'no runs yet; they appear when they begin' : counted(runs, 'run');
  console.result(`${link} (${logdir}: ${what}; Ctrl-C ends)`, { kind: 'serving', link, logdir, runs });
  if (!signal.aborted) await once(signal, 'abort');
  await dashboard.close();
  return 'done';
}
