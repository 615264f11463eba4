/**
 * A lock that lets one thread of the process at a time use the GPU through WebGPU. With ONNX Runtime 1.30, two threads that use
 * it at the same time can crash the process, and an evaluation during training has a session and a thread of its own.
 */
import { getEnvironmentData, setEnvironmentData, threadId, type Worker } from 'node:worker_threads';

/** Runs tasks one at a time. */
export interface Lock {
  readonly hold: <T>(task: () => Promise<T>) => Promise<T>;
}

/** For devices that several threads may use at the same time. */
export const noLock: Lock = { hold: (task) => task() };

/** The name of the memory of the lock in the environment data of the process, which threads inherit. */
const environmentKey = 'cifar10-ts device lock';

/** Returns the memory of the lock. All threads that this thread starts from now on get the same memory. */
export function deviceLockMemory(): SharedArrayBuffer {
  const known: unknown = getEnvironmentData(environmentKey);
  if (known instanceof SharedArrayBuffer) return known;
  const memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  setEnvironmentData(environmentKey, memory);
  return memory;
}

/** The value of a lock that no thread holds. */
const free = 0;

export class DeviceLock implements Lock {
  /** The thread that holds the lock (its number + 1), or `free`. */
  readonly #holder: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.#holder = new Int32Array(memory);
  }

  /** Blocks this thread until the lock is free, and holds it until the task is done. A task must not hold the lock again. */
  async hold<T>(task: () => Promise<T>): Promise<T> {
    const self = holderOf(threadId);
    this.#take(self, Number.POSITIVE_INFINITY);
    try {
      return await task();
    } finally {
      this.#release(self);
    }
  }

  /** Takes the lock for the rest of the process, after the current task of another thread.
   * @param millis how long to wait for that task */
  keep(millis: number): void {
    this.#take(holderOf(threadId), millis);
  }

  /** Releases the lock when the thread ends while it holds it. */
  releaseAtEndOf(worker: Worker): Worker {
    // A worker that has ended no longer has a number.
    const holder = holderOf(worker.threadId);
    return worker.once('exit', () => this.#release(holder));
  }

  #take(self: number, millis: number): void {
    const end = performance.now() + millis;
    for (;;) {
      const holder = Atomics.compareExchange(this.#holder, 0, free, self);
      const left = end - performance.now();
      if (holder === free || left <= 0) return;
      Atomics.wait(this.#holder, 0, holder, left);
    }
  }

  #release(holder: number): void {
    if (Atomics.compareExchange(this.#holder, 0, holder, free) === holder) Atomics.notify(this.#holder, 0, 1);
  }
}

function holderOf(thread: number): number {
  return thread + 1;
}
