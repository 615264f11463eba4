import { closeSync, openSync, writeSync } from 'node:fs';

/**
 * A new file that grows by complete pieces. If a piece could not be written completely, the same bytes, and more, can be written
 * again at the same position. So a temporarily full disk causes neither gaps nor duplicates.
 *
 * Everything is synchronous: a write copies to the memory of the operating system, which keeps it even if this process is killed,
 * and on process exit there is no time to wait.
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

  /** Number of bytes of complete pieces. */
  get size(): number {
    return this.#size;
  }

  /** @throws the error of the operating system; then the size is unchanged */
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
