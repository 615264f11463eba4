/** The processes of an MPI job as a group. MPI must have been initialized in this process (`cifar10-mpi-worker.ts`). */
import type { CArgument } from '../../native/koffi.ts';
import type { Collective } from '../collective.ts';
import type { Waiting } from '../group-start.ts';
import type { MpiFunction, MpiLibrary } from './library.ts';

/** How members wait during a step. */
export function waitingInStep({ vendor }: MpiLibrary): Waiting {
  return vendor === 'Open MPI' ? 'blocks' : 'yields';
}

/** How often a member polls before it yields or sleeps. */
const patience = 100;
const sleepMillis = 1;

/** The calls that wait for other members, each with its non-blocking form. */
const collectives = {
  Allreduce: 'Iallreduce',
  Bcast: 'Ibcast',
  Barrier: 'Ibarrier',
} as const satisfies Readonly<Partial<Record<MpiFunction, MpiFunction>>>;

export class MpiGroup implements Collective {
  readonly rank: number;
  readonly size: number;
  readonly #library: MpiLibrary;
  readonly #waiting: Waiting;
  readonly #world: number | bigint;
  readonly #float: number | bigint;
  readonly #byte: number | bigint;
  readonly #add: number | bigint;
  #buffer = new Float32Array(0);
  readonly #vote = new Float32Array(1);
  /** Room for an `MPI_Request`, which is an int or a pointer. */
  readonly #request = new BigInt64Array(1);
  readonly #done = new Int32Array(1);
  readonly #never = new Int32Array(new SharedArrayBuffer(4));

  constructor(library: MpiLibrary, waiting: Waiting) {
    this.#library = library;
    this.#waiting = waiting;
    this.#world = library.handle('COMM_WORLD');
    this.#float = library.handle('FLOAT');
    this.#byte = library.handle('BYTE');
    this.#add = library.handle('SUM');
    this.rank = library.read('Comm_rank', this.#world);
    this.size = library.read('Comm_size', this.#world);
  }

  sum(parts: readonly Float32Array[], weight: number = 1): void {
    const [only] = parts;
    if (only !== undefined && parts.length === 1 && weight === 1) this.#allreduce(only);
    else this.#sumOfCopy(parts, weight);
  }

  broadcast(bytes: Uint8Array, root: number): void {
    if (bytes.length > 0) this.#call('Bcast', bytes, bytes.length, this.#byte, root, this.#world);
  }

  barrier(): void {
    this.#call('Barrier', this.#world);
  }

  allAgree(agrees: boolean): boolean {
    this.#vote[0] = agrees ? 1 : 0;
    this.#allreduce(this.#vote);
    return this.#vote[0] === this.size;
  }

  leave(): void {}

  #sumOfCopy(parts: readonly Float32Array[], weight: number): void {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (this.#buffer.length < length) this.#buffer = new Float32Array(length);
    const values = this.#buffer.subarray(0, length);
    let end = 0;
    for (const part of parts) {
      if (weight === 1) values.set(part, end);
      else
        for (let index = 0; index < part.length; index++)
          values[end + index] = (part[index] as number) * weight;
      end += part.length;
    }
    this.#allreduce(values);
    end = 0;
    for (const part of parts) {
      part.set(values.subarray(end, end + part.length));
      end += part.length;
    }
  }

  #allreduce(values: Float32Array): void {
    if (values.length === 0) return;
    const { IN_PLACE } = this.#library.abi;
    this.#call('Allreduce', IN_PLACE, values, values.length, this.#float, this.#add, this.#world);
  }

  #call(name: keyof typeof collectives, ...args: readonly CArgument[]): void {
    if (this.#waiting === 'blocks') this.#library.call(name, ...args);
    else this.#callAndPoll(collectives[name], args);
  }

  /** koffi moves the values of small arrays, which V8 may otherwise move itself, so that their addresses stay the same. */
  #callAndPoll(name: MpiFunction, args: readonly CArgument[]): void {
    this.#library.call(name, ...args, this.#request);
    const { STATUS_IGNORE } = this.#library.abi;
    this.#done[0] = 0;
    for (let polls = 0; this.#done[0] === 0; polls++) {
      if (polls > patience) this.#pause();
      this.#library.call('Test', this.#request, this.#done, STATUS_IGNORE);
    }
  }

  #pause(): void {
    if (this.#waiting === 'yields') this.#library.yieldCore();
    else Atomics.wait(this.#never, 0, 0, sleepMillis);
  }
}
