/** The number of threads to compute with, which is one per core that this process may use. */
import { availableParallelism, cpus, hostname } from 'node:os';
import { join } from 'node:path/posix';
import { counted } from '../wording.ts';
import { type ControlGroup, controlGroups, type ReadText, readText } from './control-groups.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Returns the number of cores to use, at least 1: those of the machine, limited by affinity, the quota of the control group
 * and OMP_NUM_THREADS. Fractions of a core are dropped, because threads that share a core wait for each other. */
export function usableCores(read: ReadText = readText, environment: Environment = process.env): number {
  return Math.min(availableParallelism(), coresFrom(corePools(read), environment));
}

/** Cores, or CPU time of that many cores, that several processes may share. */
export interface CorePool {
  /** Infinity if this pool does not limit the process. */
  readonly cores: number;
  /** Processes with the same name share the pool. */
  readonly name: string;
  /** The number of processes that share the pool. */
  readonly processes: number;
}

/** Returns the pools of this process: the cores on which it may run, and the quota of its control group. They are separate, because
 * launchers may bind each process to other cores, or give each a control group of its own on the same cores. Of sets of cores
 * that partly overlap, each counts as a pool of its own. */
export function corePools(read: ReadText = readText, host: string = hostname()): readonly CorePool[] {
  const allowed = allowedCores(read);
  const quota = leastQuota(read);
  return [
    { cores: countOf(allowed) ?? cpus().length, name: `${host} cores ${allowed}`, processes: 1 },
    { cores: quota.cores, name: `${host} quota ${quota.folder}`, processes: 1 },
  ];
}

/** Returns the number of cores that each process may use of these pools, at least 1. OMP_NUM_THREADS applies to each process. */
export function coresFrom(pools: readonly CorePool[], environment: Environment = process.env): number {
  const shares = pools.map(({ cores, processes }) => Math.floor(cores / processes));
  return Math.max(1, Math.min(...shares, requestedThreads(environment)));
}

/** Returns the cores on which this process may run as a list of ranges, such as `0-3,8`, or '' on systems other than Linux.
 * (Linux manual, proc_pid_status(5).) */
function allowedCores(read: ReadText): string {
  const [, list = ''] = /^Cpus_allowed_list:\s*(\S+)$/m.exec(read('/proc/self/status') ?? '') ?? [];
  return list;
}

/** Returns the number of cores in a list of ranges, or undefined if there are none or it cannot be parsed. */
function countOf(list: string): number | undefined {
  const counts = list.split(',').map((range) => {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? [];
    return Number(last) - Number(first) + 1;
  });
  const count = counts.reduce((sum, one) => sum + one, 0);
  return count > 0 ? count : undefined;
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
  return leastQuota(read).cores;
}

/** Returns the minimum quota in cores, and the folder of the group that has it. */
function leastQuota(read: ReadText): { readonly cores: number; readonly folder: string } {
  return controlGroups('cpu', read)
    .map((group) => ({ cores: quotaOf(group, read), folder: group.folder }))
    .reduce((least, one) => (one.cores < least.cores ? one : least), {
      cores: Number.POSITIVE_INFINITY,
      folder: '',
    });
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
