/** How many cores this process may use: those of the machine, less what affinity and the container's quota take. */
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path/posix';
import { counted } from '../wording.ts';
import { type ControlGroup, controlGroups, type ReadText, readText } from './control-groups.ts';

/** Cores to compute on, at least 1. A part of a core in a quota is left out: threads that share it wait for each other. */
export function usableCores(read: ReadText = readText): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(cpuQuota(read))));
}

/** What limits the cores, as the end of a line (`CPU quota 1.5 of 8 cores`), or undefined where nothing does. */
export function coreLimit(read: ReadText = readText): string | undefined {
  const all = cpus().length;
  const quota = cpuQuota(read);
  const allowed = availableParallelism();
  if (quota < all) return `CPU quota ${Number(quota.toFixed(2))} of ${counted(all, 'core')}`;
  return allowed < all ? `${allowed} of ${counted(all, 'core')} allowed` : undefined;
}

/** `2 threads`, or `1 thread, CPU quota 1 of 2 cores`. */
export function describeThreads(threads: number, read: ReadText = readText): string {
  const limit = coreLimit(read);
  return counted(threads, 'thread') + (limit === undefined ? '' : `, ${limit}`);
}

/** The CPU quota in cores, infinite where there is none: the least of all groups that the process is in. */
export function cpuQuota(read: ReadText = readText): number {
  return Math.min(...controlGroups('cpu', read).map((group) => quotaOf(group, read)));
}

/** Version 2: `cpu.max` says `max 100000`, or `<quota> <period>` in microseconds. Version 1 has two files, and a quota of
 * -1 where there is none. */
function quotaOf({ version, folder }: ControlGroup, read: ReadText): number {
  const text =
    version === 2
      ? read(join(folder, 'cpu.max'))
      : `${read(join(folder, 'cpu.cfs_quota_us'))?.trim()} ${read(join(folder, 'cpu.cfs_period_us'))?.trim()}`;
  const [, quota, period] = /^(\d+) (\d+)\s*$/.exec(text ?? '') ?? [];
  const cores = Number(quota) / Number(period);
  return cores > 0 && Number.isFinite(cores) ? cores : Number.POSITIVE_INFINITY;
}
