/**
 * Memory of one session. A session's thread outlives the session, and its garbage collector may not run for a long time, so
 * the memory is returned to the system explicitly.
 */

export class SessionMemory {
  readonly buffer: ArrayBuffer;

  /** Allocates zeros. @throws RangeError when there is not enough memory */
  constructor(bytes: number) {
    this.buffer = resizable(bytes) ?? new ArrayBuffer(bytes);
  }

  /** Empties every view of the buffer. Memory too large to be resizable is left to the garbage collector. */
  free(): void {
    if (this.buffer.resizable) this.buffer.resize(0);
  }
}

/** Undefined if a resizable buffer cannot have that many bytes (4 GB in Node 20). */
function resizable(bytes: number): ArrayBuffer | undefined {
  try {
    return new ArrayBuffer(bytes, { maxByteLength: bytes });
  } catch {
    return undefined;
  }
}
