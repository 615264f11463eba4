/** The command `cifar10 dashboard`: converts the flags into one call of the library, and prints the link. */
import { once } from 'node:events';
import { serveDashboard } from '../../dashboard/dashboard.ts';
import { exportPage } from '../../dashboard/export.ts';
import { UsageError } from '../../errors.ts';
import { byteSize, counted } from '../../wording.ts';
import type { DashboardFlags } from '../flag-table.ts';
import type { CommandContext, Outcome } from './context.ts';

/** Serves the page until Ctrl-C, or exports it. */
export async function dashboardCommand(context: CommandContext<DashboardFlags>): Promise<Outcome> {
  const { flags, console, signal } = context;
  if (flags.export !== undefined) return exportCommand(context, flags.export);
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

async function exportCommand(
  { flags, given, console, signal }: CommandContext<DashboardFlags>,
  dir: string,
): Promise<Outcome> {
  const useless = ['host', 'port'].find((name) => given.has(name));
  if (useless !== undefined)
    throw new UsageError(`--${useless} cannot be combined with --export, which serves nothing`);
  for await (const event of exportPage({ logdir: flags.logdir, dir, signal })) {
    if (event.kind === 'progress')
      console.progress(() => `writing file ${event.done + 1} of ${event.all} below data`);
    if (event.kind === 'skipped') console.warn(event.text);
    if (event.kind !== 'end') continue;
    console.progress(undefined);
    const { runs, files, bytes } = event;
    console.result(
      `${dir}: ${counted(runs, 'run')}, ${counted(files, 'file')}, ${byteSize(bytes)}. Serve the folder with any web server; browsers do not open it as files.`,
      { kind: 'pageExported', folder: dir, runs, files, bytes },
    );
  }
  return 'done';
}
