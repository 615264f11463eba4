/** One block of memory for all tensors of a graph. */
import type { Onednn } from './native/onednn.ts';

/** A cache line, which is also the widest vector register. */
const alignment = 64;

export class Arena {
  readonly #memory: ArrayBuffer;
  readonly #start: number;
  readonly #address: bigint;

  constructor(onednn: Onednn, bytes: number) {
    this.#memory = new ArrayBuffer(bytes + alignment);
    const address = onednn.addressOf(new Uint8Array(this.#memory));
    this.#start = Number(-address & BigInt(alignment - 1));
    this.#address = address + BigInt(this.#start);
  }

  address(offset: number): bigint {
    return this.#address + BigInt(offset);
  }
  float32(offset: number, length: number): Float32Array {
    return new Float32Array(this.#memory, this.#start + offset, length);
  }
  int32(offset: number, length: number): Int32Array {
    return new Int32Array(this.#memory, this.#start + offset, length);
  }
}
