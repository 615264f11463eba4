/** SHA-256 (NIST, FIPS 180-4, sections 4.1.2, 5 and 6.2) for pages: that of a page is asynchronous, and lacks outside of secure contexts.
 * In Node.js, `node:crypto` is ten times as fast. */

const blockBytes = 64;
const rounds = 64;

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes (section 4.2.2), and of the square roots of the first
 * 8 primes (section 5.3.3). */
const primes: readonly number[] = firstPrimes(rounds);
const constants = Uint32Array.from(primes, (prime) => fractionOf(Math.cbrt(prime)));
const initial = Uint32Array.from(primes.slice(0, 8), (prime) => fractionOf(Math.sqrt(prime)));

function firstPrimes(count: number): readonly number[] {
  const found: number[] = [];
  for (let number = 2; found.length < count; number++)
    if (found.every((prime) => number % prime !== 0)) found.push(number);
  return found;
}

function fractionOf(root: number): number {
  return Math.floor((root % 1) * 2 ** 32);
}

/** Computes the SHA-256 of bytes that arrive in parts. Texts are hashed as UTF-8. */
export class Sha256 {
  readonly #state: Uint32Array = initial.slice();
  readonly #block: Uint8Array = new Uint8Array(blockBytes);
  readonly #words: Uint32Array = new Uint32Array(rounds);
  readonly #view: DataView = new DataView(this.#block.buffer);
  #bytes = 0;

  update(data: string | Uint8Array): this {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    let at = 0;
    while (at < bytes.length) {
      const filled = this.#bytes % blockBytes;
      const part = bytes.subarray(at, at + blockBytes - filled);
      this.#block.set(part, filled);
      this.#bytes += part.length;
      at += part.length;
      if (this.#bytes % blockBytes === 0) this.#compress();
    }
    return this;
  }

  /** Returns the hash as 64 hexadecimal digits. No more data may follow. */
  digest(_encoding: 'hex' = 'hex'): string {
    const bits = this.#bytes * 8;
    const length = new Uint8Array(8);
    new DataView(length.buffer).setBigUint64(0, BigInt(bits));
    this.update(Uint8Array.of(0x80));
    const rest = (2 * blockBytes - 8 - (this.#bytes % blockBytes)) % blockBytes;
    this.update(new Uint8Array(rest)).update(length);
    return [...this.#state].map((word) => word.toString(16).padStart(8, '0')).join('');
  }

  /** Section 6.2.2. Typed arrays keep 32 bits of every sum. */
  #compress(): void {
    const [words, state] = [this.#words, this.#state];
    const view = this.#view;
    for (let t = 0; t < 16; t++) words[t] = view.getUint32(4 * t);
    for (let t = 16; t < rounds; t++) {
      const [early, late] = [words[t - 15] as number, words[t - 2] as number];
      const s0 = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3);
      const s1 = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10);
      words[t] = (words[t - 16] as number) + s0 + (words[t - 7] as number) + s1;
    }
    let a = state[0] as number;
    let b = state[1] as number;
    let c = state[2] as number;
    let d = state[3] as number;
    let e = state[4] as number;
    let f = state[5] as number;
    let g = state[6] as number;
    let h = state[7] as number;
    for (let t = 0; t < rounds; t++) {
      const sum1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
      const choice = (e & f) ^ (~e & g);
      const first = (h + sum1 + choice + (constants[t] as number) + (words[t] as number)) | 0;
      const sum0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
      const majority = (a & b) ^ (a & c) ^ (b & c);
      h = g;
      g = f;
      f = e;
      e = (d + first) | 0;
      d = c;
      c = b;
      b = a;
      a = (first + sum0 + majority) | 0;
    }
    const added = [a, b, c, d, e, f, g, h];
    for (let word = 0; word < added.length; word++)
      state[word] = (state[word] as number) + (added[word] as number);
  }
}

function rotated(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}
