/** Keeps the contents that were used last, up to a number of bytes. */

interface Entry<T> {
  readonly content: Promise<T>;
  bytes: number;
}

/** A content with its size. */
export interface Sized<T> {
  readonly value: T;
  readonly bytes: number;
}

export class ByteCache<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #most: number;
  #bytes = 0;

  /** @param most the largest number of bytes. The content that was used last is kept even if it is larger */
  constructor(most: number) {
    this.#most = most;
  }

  /** Returns a content, loading it if it is not known. A failure is not kept. */
  get(key: string, load: () => Promise<Sized<T>>): Promise<T> {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known.content;
    }
    const loading = load();
    const entry: Entry<T> = { content: loading.then(({ value }) => value), bytes: 0 };
    this.#entries.set(key, entry);
    loading.then(
      ({ bytes }) => this.#weigh(key, entry, bytes),
      () => this.#entries.get(key) === entry && this.#entries.delete(key),
    );
    return entry.content;
  }

  delete(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0;
    this.#entries.delete(key);
  }

  keys(): readonly string[] {
    return [...this.#entries.keys()];
  }

  #weigh(key: string, entry: Entry<T>, bytes: number): void {
    if (this.#entries.get(key) !== entry) return;
    entry.bytes = bytes;
    this.#bytes += bytes;
    for (const oldest of this.keys()) {
      if (this.#bytes <= this.#most) return;
      if (oldest !== key) this.delete(oldest);
    }
  }
}
