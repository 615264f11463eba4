/** How a member joins a group. These are plain data, so they can be sent to a thread. */

/**
 * How a member waits for the others. All members must wait in the same way, because blocking calls of MPI do not match
 * non-blocking ones.
 *
 * - `blocks`: blocking calls, which poll all the time. Open MPI yields the core while it polls (`mpiSettings` in `start-mpi.ts`), so
 *   other threads and processes can use it. MPICH does not: if another thread needs the core, a sum takes as long as a time
 *   slice of the scheduler (16 ms instead of 0.5 ms were measured).
 * - `yields`: the same with non-blocking calls. This is as fast as blocking calls with MPICH, but half as fast with Open MPI.
 * - `sleeps`: notices within about a millisecond that the others have arrived, and needs almost no time of a core. It is for waits
 *   that may take minutes.
 */
export type Waiting = 'blocks' | 'yields' | 'sleeps';

/** Memory for float32 values that threads share: a `WebAssembly.Memory`, or an object with its own buffer. Both can be sent to threads. */
export interface SharedFloats {
  readonly buffer: SharedArrayBuffer;
}

/** The memory of a group. It can be sent to threads, which then share it. */
export interface SharedMemoryOfGroup {
  readonly size: number;
  /** How many values the group can add up at once. Longer lists are added up in several rounds. */
  readonly capacity: number;
  /** `size` regions and the sums. Each has room for `capacity` values, rounded up to whole blocks (`blockLength`). */
  readonly values: SharedFloats;
  /** The factor of each member's values, float64. */
  readonly weights: SharedArrayBuffer;
  /** The elements of `control`, int32. */
  readonly control: SharedArrayBuffer;
  /** Why the group failed, in UTF-8. */
  readonly reason: SharedArrayBuffer;
}

/** A member of a group. To add a kind of group, add a type here, its place below and a line in `join-group.ts`. */
export type GroupStart =
  /** The only member. */
  | { readonly kind: 'alone' }
  /** A thread of a process. */
  | {
      readonly kind: 'threads';
      readonly memory: SharedMemoryOfGroup;
      /** The number of this thread in its process, from 0. */
      readonly rank: number;
      /** The processes, if there are several. The members of the group are then the threads of all of them. */
      readonly outer?: OuterGroup;
    }
  /** A process of an MPI job. Its control thread has initialized MPI (`mpi/start-mpi.ts`). */
  | {
      readonly kind: 'mpi';
      readonly library: string;
      readonly rank: number;
      readonly size: number;
    };

/** The processes whose threads are the members of a group. */
export interface OuterGroup {
  /** How the process joins the group of processes. The first thread of each process takes part in it for all its threads. */
  readonly start: GroupStart;
  /** The number of threads of each process, in the order of their ranks. They may differ. */
  readonly threads: readonly number[];
}

/** Where a member is in its group. */
export interface Place {
  readonly rank: number;
  readonly size: number;
}

/** Returns the rank of the member among all members, and the number of members. They are numbered process by process. */
export function placeOf(start: GroupStart): Place {
  if (start.kind === 'alone') return { rank: 0, size: 1 };
  if (start.kind === 'mpi') return { rank: start.rank, size: start.size };
  const { rank, memory, outer } = start;
  if (outer === undefined) return { rank, size: memory.size };
  const process = placeOf(outer.start).rank;
  return { rank: total(outer.threads.slice(0, process)) + rank, size: total(outer.threads) };
}

/** Returns the process of the member with this rank. */
export function processOf(rank: number, threads: readonly number[]): number {
  return threads.findIndex((_, process) => rank < total(threads.slice(0, process + 1)));
}

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}
