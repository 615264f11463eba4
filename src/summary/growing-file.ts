import { closeSync, openSync, writeSync } from 'node:fs';

/**
 * A new file that grows by whole pieces. Where a piece could not be written, the same bytes, and more, may be written
 * again: they go to the same place, over what half of them got there. So a disk that was full for a while leaves no hole
 * and nothing twice.
 *
 * All is synchronous. A write is a copy into the memory of the operating system, which keeps it even if this process is
 * killed; and on the way out of a process there is no time to wait.
 */
export class GrowingFile {
  readonly path: string;
  readonly #descriptor: number;
  #size = 0;

  /** @throws the error of the operating system, with code EEXIST when there is a file of that name */
  constructor(path: string) {
    this.path = path;
    this.#descriptor = openSync(path, 'wx');
  }

  /** Bytes of the whole pieces. */
  get size(): number {
    return this.#size;
  }

  /** @throws the error of the operating system; the size is as before then */
  append(piece: Uint8Array): void {
    for (let done = 0; done < piece.length; ) {
      done += writeSync(this.#descriptor, piece, done, piece.length - done, this.#size + done);
    }
    this.#size += piece.length;
  }

  close(): void {
    closeSync(this.#descriptor);
  }
}
