/**
 * The memory of one session. The thread of a session outlives the session, and its garbage collector may not run for a long
 * time. Therefore the memory is returned to the system explicitly.
 *
 * JavaScript has no function that frees a buffer. But a message takes over the memory of the buffers that it transfers, and a
 * message to a closed port is destroyed at once. (A resizable buffer could be resized to 0, but V8 then overwrites its memory
 * with zeros: 1.6 ms per megabyte, and the system must first allocate pages that were never used.)
 */
import { MessageChannel } from 'node:worker_threads';

export class SessionMemory {
  readonly buffer: ArrayBuffer;

  /** Allocates memory filled with zeros. The system allocates pages when they are first written.
   * @throws RangeError when there is not enough memory */
  constructor(bytes: number) {
    this.buffer = new ArrayBuffer(bytes);
  }

  /** Frees the memory. Every view of it becomes empty. */
  free(): void {
    if (this.buffer.byteLength > 0) closedPort.postMessage(undefined, [this.buffer]);
  }
}

const { port1: closedPort } = new MessageChannel();
closedPort.close();
