/** How many threads training computes with: one for each core that this process may use. */
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path/posix';
import { counted } from '../wording.ts';
import { type ControlGroup, controlGroups, type ReadText, readText } from './control-groups.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Cores to compute on, at least 1: those of the machine, less what affinity, the control group's quota and
 * OMP_NUM_THREADS take. A part of a core in a quota is left out: threads that share it wait for each other. */
export function usableCores(read: ReadText = readText, environment: Environment = process.env): number {
  const quota = Math.floor(cpuQuota(read));
  return Math.max(1, Math.min(availableParallelism(), quota, askedThreads(environment)));
}

/** What limits the cores, as the end of a line (`CPU quota 1.5 of 8 cores`), or undefined where nothing does. */
export function coreLimit(
  read: ReadText = readText,
  environment: Environment = process.env,
): string | undefined {
  const all = cpus().length;
  const [quota, allowed, asked] = [cpuQuota(read), availableParallelism(), askedThreads(environment)];
  const least = Math.min(all, quota, allowed, asked);
  if (least === all) return undefined;
  if (least === quota) return `CPU quota ${Number(quota.toFixed(2))} of ${counted(all, 'core')}`;
  if (least === allowed) return `${allowed} of ${counted(all, 'core')} allowed`;
  return `OMP_NUM_THREADS ${asked} of ${counted(all, 'core')}`;
}

/** The number of threads that OpenMP programs are asked to use, infinite where it is not set. A list is for levels of
 * threads within threads: the first number counts. (OpenMP 5.2, section 21.1.2.) */
function askedThreads({ OMP_NUM_THREADS: asked = '' }: Environment): number {
  const [, threads] = /^\s*([1-9]\d*)\s*(,|$)/.exec(asked) ?? [];
  return threads === undefined ? Number.POSITIVE_INFINITY : Number(threads);
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
