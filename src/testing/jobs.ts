/** MPI jobs of tests, whose processes are all in this one. Their calls meet as those of MPI do, but sessions cannot join their group. */
import type { Job } from '../collective/mpi/start-mpi.ts';

/** Returns the processes of a job. All of them have to make the same calls in the same order.
 * @param onCall called whenever all processes have made a call */
export function jobsOf(size: number, onCall: (method: string) => void = () => undefined): readonly Job[] {
  const meeting = new Meeting(size, onCall);
  return [...Array(size).keys()].map((rank): Job => {
    const sum = async (values: Float32Array) => {
      const all = (await meeting.call('sum', rank, values.slice())) as readonly Float32Array[];
      return values.map((_, index) => all.reduce((total, other) => total + (other[index] ?? 0), 0));
    };
    return {
      ...{ rank, size, library: 'a job of a test', sum },
      group: { kind: 'mpi', library: 'none', rank, size },
      ...{ lost: new AbortController().signal, unwatched: [] },
      broadcast: async (bytes, root) =>
        ((await meeting.call('broadcast', rank, bytes)) as readonly Uint8Array[])[root]?.slice() ?? bytes,
      gather: async (value) => (await meeting.call('gather', rank, value)) as readonly number[],
      abort: () => undefined,
      finalize: async () => void (await meeting.call('finalize', rank, 0)),
    };
  });
}

class Meeting {
  readonly #size: number;
  readonly #onCall: (method: string) => void;
  #method = '';
  #values = new Map<number, unknown>();
  #resolve: ((values: readonly unknown[]) => void)[] = [];

  constructor(size: number, onCall: (method: string) => void) {
    this.#size = size;
    this.#onCall = onCall;
  }

  /** Returns the values of all processes, once all of them have made this call.
   * @throws Error when they make different calls */
  call(method: string, rank: number, value: unknown): Promise<readonly unknown[]> {
    if (this.#values.size === 0) this.#method = method;
    if (this.#method !== method) throw new Error(`process ${rank} calls ${method}, others ${this.#method}`);
    this.#values.set(rank, value);
    return new Promise((resolve) => {
      this.#resolve.push(resolve);
      if (this.#values.size < this.#size) return;
      const values = [...Array(this.#size).keys()].map((index) => this.#values.get(index));
      const waiting = this.#resolve;
      [this.#values, this.#resolve] = [new Map(), []];
      this.#onCall(method);
      for (const one of waiting) one(values);
    });
  }
}
