/**
 * A group of workers that train together: the towers of one process, or the processes (ranks) of an MPI job. Every member calls
 * the same methods in the same order. Each method blocks the thread that calls it until all members have called it, so the
 * main thread of a program never calls it directly.
 *
 *     const group = await joinGroup(start);
 *     group.sum([gradients, losses], weight);     // weighted averages, if the weights of all members add up to 1
 *     group.barrier();
 *     group.leave();
 *
 * When a member fails, the methods of all others throw, so no member waits forever.
 */
export interface Collective {
  /** The number of this member, from 0. */
  readonly rank: number;
  /** The number of members. */
  readonly size: number;
  /** Replaces the values by their sums over all members, which are the same bits at every member.
   * @param parts arrays whose lengths are the same at every member
   * @param weight the factor by which this member's values are multiplied before they are added. Default: 1
   * @throws RunError when another member failed */
  sum(parts: readonly Float32Array[], weight?: number): void;
  /** Replaces the bytes by those of member `root`.
   * @throws RunError when another member failed */
  broadcast(bytes: Uint8Array, root: number): void;
  /** Returns when all members have called this method. @throws RunError when another member failed */
  barrier(): void;
  /** Returns whether every member passed `true`. Members use this to agree on whether to continue.
   * @throws RunError when another member failed */
  allAgree(agrees: boolean): boolean;
  /** Frees what the member holds. Afterwards no other method may be called. */
  leave(): void;
}
