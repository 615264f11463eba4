/**
 * The threads in which sessions compute. A thread is reused after its session is released: starting one per session would be
 * slower, and koffi never frees the memory it allocates per calling thread (three mappings each, of which a process may have
 * about 65,000).
 */
import type { Worker } from 'node:worker_threads';
import { startThread } from '../machine/threads.ts';
import type { Reply, Request } from './messages.ts';

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

/** A worker thread that answers requests in order. */
export class SessionThread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #failure: unknown;
  #hasEnded = false;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (reply: Reply) => this.#waiting.shift()?.resolve(reply));
    worker.on('messageerror', (error) => this.#end(error));
    worker.on('error', (error) => this.#end(error));
    worker.on('exit', (code) => this.#end(new Error(`its thread ended with code ${code}`)));
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Sends a request. Rejects with the thread's error if the thread has ended or ends before it answers. */
  send(request: Request): Promise<Reply> {
    if (this.#hasEnded) return Promise.reject(this.#failure);
    this.#worker.postMessage(request);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** An idle thread must not keep the process alive. */
  keepAlive(alive: boolean): void {
    if (alive) this.#worker.ref();
    else this.#worker.unref();
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #end(error: unknown): void {
    if (!this.#hasEnded) this.#failure = error;
    this.#hasEnded = true;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

/** The threads of one engine, busy or idle. */
export class SessionThreads {
  readonly #start: () => Worker;
  readonly #idle: SessionThread[] = [];

  /** @param start creates a worker that calls `serveSession` */
  constructor(start: () => Worker) {
    this.#start = start;
  }

  /** An idle thread, or a new one.
   * @throws RunError when no thread can be started */
  take(): SessionThread {
    for (let thread = this.#idle.pop(); thread !== undefined; thread = this.#idle.pop()) {
      if (thread.hasEnded) continue;
      thread.keepAlive(true);
      return thread;
    }
    return new SessionThread(startThread('the thread of a session', this.#start));
  }

  /** Returns a thread whose session is released. */
  giveBack(thread: SessionThread): void {
    if (thread.hasEnded) return;
    thread.keepAlive(false);
    this.#idle.push(thread);
  }
}
