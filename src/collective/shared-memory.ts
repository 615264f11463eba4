/** What the threads of a group share. */

/** A `WebAssembly.Memory`, or an object with its own buffer. Both can be sent to threads. */
export interface SharedFloats {
  readonly buffer: SharedArrayBuffer;
}

/** The memory of a group. It can be sent to threads, which then share it. */
export interface SharedMemoryOfGroup {
  readonly size: number;
  /** How many values the group can add up at once. Longer lists are added up in several rounds. */
  readonly capacity: number;
  /** `size` regions and the sums. Each has room for `capacity` values, rounded up to whole blocks of 16. */
  readonly values: SharedFloats;
  /** The factor of each member's values, float64. */
  readonly weights: SharedArrayBuffer;
  /** The elements of `control`, int32. */
  readonly control: SharedArrayBuffer;
  /** Why the group failed, in UTF-8. */
  readonly reason: SharedArrayBuffer;
}
