/**
 * Memory of one session. A session's thread outlives the session, and its garbage collector may not run for a long time, so
 * the memory is returned to the system explicitly.
 *
 * JavaScript has no function that frees a buffer, but a message takes over the memory of the buffers that it transfers, and a
 * message to a closed port is destroyed at once. (A resizable buffer could be resized to 0, but V8 then overwrites its memory
 * with zeros: 1.6 ms per megabyte, and pages that were never used are allocated for it.)
 */
import { MessageChannel } from 'node:worker_threads';

export class SessionMemory {
  readonly buffer: ArrayBuffer;

  /** Allocates zeros. Pages take memory when they are first written.
   * @throws RangeError when there is not enough memory */
  constructor(bytes: number) {
    this.buffer = new ArrayBuffer(bytes);
  }

  /** Returns the memory to the system. Every view of the buffer becomes empty. */
  free(): void {
    if (this.buffer.byteLength > 0) closedPort.postMessage(undefined, [this.buffer]);
  }
}

const { port1: closedPort } = new MessageChannel();
closedPort.close();
