/** Contents that were made recently, so that many viewers cost no more than one. */
import { randomBytes } from 'node:crypto';

/** The bytes that are kept, with those of the keys, and the largest content that is. The number of entries is limited by
 * `mostBytes / entryBytes`. */
const [mostBytes, mostOfOne] = [64 << 20, 16 << 20];
/** What an entry takes besides its content: its path, revision, and the objects. */
const entryBytes = 1024;

interface Kept {
  readonly revision: string;
  readonly content: Promise<Uint8Array | undefined>;
  bytes: number;
}

export class ContentCache {
  /** Distinguishes the revisions of this process from those of an earlier one. */
  readonly session: string = randomBytes(6).toString('base64url');
  /** The least recently used first. */
  readonly #kept = new Map<string, Kept>();
  #bytes = 0;

  /** The number of contents that are kept or being made. */
  get size(): number {
    return this.#kept.size;
  }

  /** Returns the content of a path in a revision. Requests at the same time share it. */
  of(
    path: string,
    revision: string,
    make: () => Promise<Uint8Array | string | undefined>,
  ): Promise<Uint8Array | undefined> {
    const known = this.#kept.get(path);
    if (known !== undefined) {
      this.#kept.delete(path);
      if (known.revision === revision) {
        this.#kept.set(path, known);
        return known.content;
      }
      this.#bytes -= known.bytes;
    }
    const content = make().then((made) => (typeof made === 'string' ? new TextEncoder().encode(made) : made));
    const kept: Kept = { revision, content, bytes: 0 };
    this.#kept.set(path, kept);
    content.then(
      (made) => this.#account(path, kept, made?.length),
      () => this.#forget(path, kept),
    );
    return content;
  }

  /** Missing content is not kept, because clients can request any number of paths that do not exist. */
  #account(path: string, kept: Kept, bytes: number | undefined): void {
    if (this.#kept.get(path) !== kept) return;
    if (bytes === undefined || bytes > mostOfOne) {
      this.#forget(path, kept);
      return;
    }
    kept.bytes = bytes + path.length * 2 + entryBytes;
    this.#bytes += kept.bytes;
    for (const [other, one] of this.#kept) {
      if (this.#bytes <= mostBytes) return;
      this.#forget(other, one);
    }
  }

  #forget(path: string, kept: Kept): void {
    if (this.#kept.get(path) !== kept) return;
    this.#kept.delete(path);
    this.#bytes -= kept.bytes;
  }
}
