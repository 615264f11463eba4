/** How many cores this process may use: those of the machine, less what affinity and the container's quota take. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

export function usableCores(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(cgroupQuota())));
}

/** The CPU quota of the control group in cores (Linux, cgroup v2: `max 100000` or `<quota> <period>`). */
function cgroupQuota(): number {
  try {
    const [quota = 'max', period = '1'] = readFileSync('/sys/fs/cgroup/cpu.max', 'utf8').trim().split(' ');
    return quota === 'max' ? Number.POSITIVE_INFINITY : Number(quota) / Number(period);
  } catch {
    return Number.POSITIVE_INFINITY; // not Linux, or no control groups: no quota is known
  }
}
