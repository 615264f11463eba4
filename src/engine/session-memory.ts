/**
 * Memory of one session. A session's thread goes on to wait for the next session, and its collector may not run for a long
 * time: so the memory is given back to the system by hand.
 */

export class SessionMemory {
  readonly buffer: ArrayBuffer;

  /** Zeros. @throws RangeError when there is not enough memory */
  constructor(bytes: number) {
    this.buffer = resizable(bytes) ?? new ArrayBuffer(bytes);
  }

  /** Afterwards every view of it is empty. Memory too large to be resizable is left to the collector. */
  free(): void {
    if (this.buffer.resizable) this.buffer.resize(0);
  }
}

/** Undefined for more bytes than a resizable buffer can have: 4 GB in Node 20. */
function resizable(bytes: number): ArrayBuffer | undefined {
  try {
    return new ArrayBuffer(bytes, { maxByteLength: bytes });
  } catch {
    return undefined;
  }
}
