/** How a worker thread joins a group. These are plain data, so they can be sent to a thread. */
import type { SharedMemoryOfGroup } from './shared-group.ts';

/** A member of a group. To add a kind of group, add a type here and a line in `join-group.ts`. */
export type GroupStart =
  /** The only member. */
  | { readonly kind: 'alone' }
  /** A thread of one process. `outer` is the group of processes; the first thread takes part in it for all of them. */
  | {
      readonly kind: 'threads';
      readonly memory: SharedMemoryOfGroup;
      readonly rank: number;
      readonly outer?: GroupStart;
    }
  /** A process of an MPI job. MPI was initialized by `startMpi`. */
  | { readonly kind: 'mpi'; readonly library: string };
