/** Threads that read pieces of files. */
import { Worker } from 'node:worker_threads';
import { usableCores } from '../../machine/cores.ts';
import { Thread } from '../../threads/thread.ts';
import { workerFlags } from '../../threads/worker-flags.ts';
import type { Piece } from './piece.ts';
import { readPieceHere } from './read-piece.ts';
import type { AnyPieceRequest } from './run.ts';

export type PieceMethods = { readonly read: (request: AnyPieceRequest) => Promise<Piece> };

/** Smaller pieces are read without a thread, which is faster than asking one. */
const leastForThread = 512 << 10;
/** One core is left to the server, and to the browser. */
const mostThreads = Math.max(1, Math.min(4, usableCores() - 1));

interface Reader {
  readonly thread: Thread<null, PieceMethods>;
  waiting: number;
}

export class PieceReaders {
  #readers: Reader[] = [];

  /** Reads a piece: here if it is small, otherwise in the thread with the least to do. */
  readonly read = async (request: AnyPieceRequest): Promise<Piece> => {
    if (request.left < leastForThread) return readPieceHere(request);
    const reader = this.#take();
    if (reader === undefined) return readPieceHere(request);
    reader.waiting++;
    reader.thread.keepAlive(true);
    try {
      return await reader.thread.call('read', [request]);
    } finally {
      reader.waiting--;
      if (reader.waiting === 0) reader.thread.keepAlive(false);
    }
  };

  /** Ends the threads. */
  async close(): Promise<void> {
    await Promise.all(this.#readers.map(({ thread }) => thread.terminate()));
    this.#readers = [];
  }

  #take(): Reader | undefined {
    const alive = this.#readers.filter(({ thread }) => !thread.hasEnded);
    this.#readers = alive;
    const idle = alive.find(({ waiting }) => waiting === 0);
    if (idle !== undefined) return idle;
    if (alive.length < mostThreads) {
      const started = startReader();
      if (started !== undefined) {
        this.#readers.push(started);
        return started;
      }
    }
    return alive.reduce<Reader | undefined>(
      (least, one) => (least === undefined || one.waiting < least.waiting ? one : least),
      undefined,
    );
  }
}

/** Returns undefined if the machine has no room for another thread. */
function startReader(): Reader | undefined {
  try {
    const thread = new Thread<null, PieceMethods>(
      'a thread that reads event files',
      () =>
        new Worker(new URL('./cifar10-dashboard-worker.js', import.meta.url), { execArgv: workerFlags() }),
    );
    thread.begin(null).catch(() => undefined);
    return { thread, waiting: 0 };
  } catch {
    return undefined;
  }
}
