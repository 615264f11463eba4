/**
 * The memory of one session. The thread of a session outlives the session, and its garbage collector may not run for a long
 * time. Therefore the memory is returned to the system explicitly.
 */

export class SessionMemory {
  readonly buffer: ArrayBuffer;

  /** Allocates memory filled with zeros.
   * @throws RangeError when there is not enough memory */
  constructor(bytes: number) {
    this.buffer = resizable(bytes) ?? new ArrayBuffer(bytes);
  }

  /** Frees the memory, so that every view of it becomes empty. Memory that is too large to be resizable is left
   * to the garbage collector. */
  free(): void {
    if (this.buffer.resizable) this.buffer.resize(0);
  }
}

/** Undefined if a resizable buffer cannot have this many bytes (more than 4 GB in Node 20). */
function resizable(bytes: number): ArrayBuffer | undefined {
  try {
    return new ArrayBuffer(bytes, { maxByteLength: bytes });
  } catch {
    return undefined;
  }
}
