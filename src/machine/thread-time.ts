/**
 * How long threads of this process have run and have waited for a free core, from `/proc/self/task/<id>/schedstat`
 * (Documentation/scheduler/sched-stats.rst in the Linux kernel): nanoseconds of both, and the number of time slices.
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface ThreadTime {
  readonly runMillis: number;
  /** Waiting for a core, not for a lock, a device or another thread. */
  readonly waitMillis: number;
}

/** Of every thread, by its number. Empty where the system does not say. The files are in memory: reading them does not block. */
export function threadTimes(): ReadonlyMap<string, ThreadTime> {
  try {
    return new Map(
      readdirSync('/proc/self/task').flatMap((id) => {
        const time = timeOf(id);
        return time === undefined ? [] : [[id, time] as const];
      }),
    );
  } catch {
    return new Map();
  }
}

/** Undefined for a thread that has ended. */
function timeOf(id: string): ThreadTime | undefined {
  try {
    const [run = NaN, wait = NaN] = readFileSync(`/proc/self/task/${id}/schedstat`, 'utf8')
      .split(' ')
      .map(Number);
    return { runMillis: run / 1e6, waitMillis: wait / 1e6 };
  } catch {
    return undefined;
  }
}
