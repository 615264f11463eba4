import { closeSync, openSync, rmSync, writeSync } from 'node:fs';

/**
 * A new file that grows by complete pieces. If a piece could not be written completely, the same bytes, possibly
 * followed by more, can be written again at the same position. A disk that is full for some time therefore causes
 * neither gaps nor duplicates.
 *
 * Everything is synchronous, because on process exit there is no time to wait. A write copies the bytes to the memory of the
 * operating system, which keeps them even if this process is killed.
 */
export class GrowingFile {
  readonly path: string;
  readonly #descriptor: number;
  #size = 0;

  /** @throws the error of the operating system, with the code EEXIST when there already is a file of that name */
  constructor(path: string) {
    this.path = path;
    this.#descriptor = openSync(path, 'wx');
  }

  /** The number of bytes in complete pieces. */
  get size(): number {
    return this.#size;
  }

  /** @throws the error of the operating system; the size is then unchanged */
  append(piece: Uint8Array): void {
    for (let done = 0; done < piece.length; ) {
      done += writeSync(this.#descriptor, piece, done, piece.length - done, this.#size + done);
    }
    this.#size += piece.length;
  }

  /** Closes the file, and removes it if it does not contain a complete piece. */
  close(): void {
    closeSync(this.#descriptor);
    if (this.#size === 0) rmSync(this.path, { force: true });
  }
}
