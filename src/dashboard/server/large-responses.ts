/** Limits what waits in memory for clients that read slowly. */
import type { EventEmitter } from 'node:events';

/** Responses that are smaller do not count. */
const leastBytes = 1 << 20;
/** The most bytes of large responses that are being sent at the same time. */
const mostBytes = 256 << 20;
/** What a file counts for that is read while it is sent. */
export const streamBytes: number = 4 << 20;

export class LargeResponses {
  #bytes = 0;

  /** Returns whether there is room for a response with so many bytes in memory. It counts until the response ends. */
  admit(response: EventEmitter, bytes: number): boolean {
    if (bytes < leastBytes) return true;
    // One that is larger than all together may only be sent alone.
    if (this.#bytes > 0 && this.#bytes + bytes > mostBytes) return false;
    this.#bytes += bytes;
    response.once('close', () => {
      this.#bytes -= bytes;
    });
    return true;
  }
}
