/** How many cores this process may use: those of the machine, less what affinity and the container's quota take. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

export function usableCores(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(cpuQuota(readText))));
}

/** The file's text, or undefined where there is none: not Linux, or no control groups of version 2. */
type ReadText = (path: string) => string | undefined;

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/**
 * The CPU quota in cores, infinite where there is none. The quota of a control group holds for all groups in it, so the
 * least on the way from the process's own to the root counts. In a container the own path may be one of the host, which
 * is not to be seen there; then the root is the container's group. (Linux, "Control Group v2", section "CPU".)
 */
export function cpuQuota(read: ReadText): number {
  const [, own = '/'] = /^0::(.*)$/m.exec(read('/proc/self/cgroup') ?? '') ?? [];
  const names = own.split('/').filter((name) => name !== '');
  const groups = [...names.keys(), names.length].map((depth) => names.slice(0, depth).join('/'));
  return Math.min(...groups.map((group) => quotaIn(read(`/sys/fs/cgroup/${group}/cpu.max`))));
}

/** `max 100000`, or `<quota> <period>` in microseconds. */
function quotaIn(text: string | undefined): number {
  const [, quota = '', period = ''] = /^(\d+) (\d+)\s*$/.exec(text ?? '') ?? [];
  return quota === '' ? Number.POSITIVE_INFINITY : Number(quota) / Number(period);
}
