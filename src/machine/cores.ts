/** The number of threads to compute with, which is one per core that this process may use. */
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path/posix';
import { counted } from '../wording.ts';
import { type ControlGroup, controlGroups, type ReadText, readText } from './control-groups.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the number of cores to use, at least 1: those of the machine, limited by affinity, the quota of the control group
 * and OMP_NUM_THREADS. Fractions of a core are dropped, because threads that share a core wait for each other. */
export function usableCores(read: ReadText = readText, environment: Environment = process.env): number {
  const quota = Math.floor(cpuQuota(read));
  return Math.max(1, Math.min(availableParallelism(), quota, requestedThreads(environment)));
}

/** Describes what limits the cores, as the end of a line (`CPU quota 1.5 of 8 cores`). Returns undefined if nothing
 * limits them. */
export function coreLimit(
  read: ReadText = readText,
  environment: Environment = process.env,
): string | undefined {
  const all = cpus().length;
  const [quota, allowed, requested] = [cpuQuota(read), availableParallelism(), requestedThreads(environment)];
  const least = Math.min(all, quota, allowed, requested);
  if (least === all) return undefined;
  if (least === quota) return `CPU quota ${Number(quota.toFixed(2))} of ${counted(all, 'core')}`;
  if (least === allowed) return `${allowed} of ${counted(all, 'core')} allowed`;
  return `OMP_NUM_THREADS ${requested} of ${counted(all, 'core')}`;
}

/** Returns the number in OMP_NUM_THREADS, or infinity if it is not set. Of a list, which is meant for nested parallelism, the
 * first number counts. (OpenMP 5.2, section 21.1.2.) */
function requestedThreads({ OMP_NUM_THREADS: setting = '' }: Environment): number {
  const [, threads] = /^\s*([1-9]\d*)\s*(,|$)/.exec(setting) ?? [];
  return threads === undefined ? Number.POSITIVE_INFINITY : Number(threads);
}

/** Describes the number of threads and what limits the cores: `2 threads`, or `1 thread, CPU quota 1 of 2 cores`. */
export function describeThreads(threads: number, read: ReadText = readText): string {
  const limit = coreLimit(read);
  return counted(threads, 'thread') + (limit === undefined ? '' : `, ${limit}`);
}

/** Returns the CPU quota in cores: the minimum over all groups of the process, or infinity without a quota. */
export function cpuQuota(read: ReadText = readText): number {
  return Math.min(...controlGroups('cpu', read).map((group) => quotaOf(group, read)));
}

/** Returns the quota of one group in cores. In version 2, `cpu.max` contains `<quota> <period>` in microseconds, or
 * `max 100000` for no quota. Version 1 uses two files, and -1 for no quota. */
function quotaOf({ version, folder }: ControlGroup, read: ReadText): number {
  const text =
    version === 2
      ? read(join(folder, 'cpu.max'))
      : `${read(join(folder, 'cpu.cfs_quota_us'))?.trim()} ${read(join(folder, 'cpu.cfs_period_us'))?.trim()}`;
  const [, quota, period] = /^(\d+) (\d+)\s*$/.exec(text ?? '') ?? [];
  const cores = Number(quota) / Number(period);
  return cores > 0 && Number.isFinite(cores) ? cores : Number.POSITIVE_INFINITY;
}
