/** One block of memory that holds all tensors of a graph. */
import { SessionMemory } from '../session-memory.ts';
import type { Onednn } from './native/onednn.ts';

/** The size of a cache line and of the widest vector register. */
const alignment = 64;

export class Arena {
  readonly #whole: SessionMemory;
  readonly #memory: ArrayBuffer;
  readonly #start: number;
  readonly #address: bigint;

  constructor(onednn: Onednn, bytes: number) {
    this.#whole = new SessionMemory(bytes + alignment);
    this.#memory = this.#whole.buffer;
    // A typed array may not be able to view the whole buffer, so this views only its beginning.
    const address = onednn.addressOf(new Uint8Array(this.#memory, 0, alignment));
    this.#start = Number(-address & BigInt(alignment - 1));
    this.#address = address + BigInt(this.#start);
  }

  /** Frees the memory. No primitive may use it afterwards. */
  release(): void {
    this.#whole.free();
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
