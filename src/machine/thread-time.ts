/**
 * How long the threads of this process have run, and how long they have waited for a free core. The numbers come from
 * `/proc/self/task/<id>/schedstat`, which contains both times in nanoseconds, and the number of time slices
 * (Documentation/scheduler/sched-stats.rst in the Linux kernel).
 */
import { readdirSync, readFileSync } from 'node:fs';

export interface ThreadTime {
  readonly runMillis: number;
  /** The time spent waiting for a core. Waiting for a lock, a device or another thread is not included. */
  readonly waitMillis: number;
}

/** Returns the times of every thread, by the number of the thread. The map is empty on systems that do not report them. Reading
 * the files does not block, because they are in memory. */
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

/** Returns the times of one thread. Returns undefined for a thread that has ended. */
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
