/** The beginning of a command whose processes work together in an MPI job. */
import type { Job } from '../../collective/mpi/start-mpi.ts';
import { leads, together, warningOfUnwatched } from '../../run/ranks.ts';
import type { FlagsOf } from '../flag-table.ts';
import type { StopWatch } from '../stop-watch.ts';
import type { CommandContext } from './context.ts';
import { requireTrustedFolders } from './folders.ts';

type CommonFlags = Pick<FlagsOf<'download' | 'train' | 'eval'>, 'collective'>;

/** Joins the MPI job to which this process belongs, and checks the folders of the command. Only the first process of the job prints
 * warnings.
 * @returns undefined if the process does not belong to a job
 * @throws RunError when the job cannot be joined, or a folder is refused */
export async function joinJob<Flags extends CommonFlags>(
  { flags, given, console, membership }: CommandContext<Flags>,
  folders: readonly (keyof Flags & string)[],
): Promise<Job | undefined> {
  const job = await membership.join(flags.collective);
  const warn = leads(job) ? console.warn : () => undefined;
  const unwatched = warningOfUnwatched(job);
  if (unwatched !== undefined) warn(unwatched);
  await together(job, () => requireTrustedFolders(flags, given, folders, warn));
  return job;
}

/** Lets the first process limit how long a stop takes, because all processes of the job now stop after the same step. Until then, a
 * process that receives a stop signal may wait for one that does not, and ends the job at its own limit. */
export function stopTogether(stopWatch: StopWatch, job: Job | undefined): void {
  if (!leads(job)) stopWatch.end();
}
