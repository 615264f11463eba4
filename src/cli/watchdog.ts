/**
 * The last resort of a stop: a thread that ends the process when the main thread is blocked, for example by a system call on
 * a file system that hangs. The thread is started when a stop is requested. Its code is passed as a string, so that no file has
 * to be read.
 */
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { Worker } from 'node:worker_threads';
import { startWorker } from '../threads/start-worker.ts';
import { isFirstProcess } from './end-process.ts';

interface Watched {
  /** An array with one counter, which the main thread increases as long as it is not blocked. */
  readonly beats: Int32Array;
  readonly pid: number;
  /** The process is ended when the main thread has not responded for `silentMillis`, but not within the first `graceMillis`.
   * Time in which the main thread works, or waits for a free core, does not count, up to `mostBusyMillis`. */
  readonly silentMillis: number;
  readonly graceMillis: number;
  readonly mostBusyMillis: number;
  /** The first process of a container cannot be killed by its own signals, so it has to exit with this code. */
  readonly exit?: { readonly koffi: string; readonly code: number };
}

export type WatchdogLimits = Pick<Watched, 'silentMillis' | 'graceMillis' | 'mostBusyMillis'>;
/** Returns a function that the main thread must call regularly to show that it is not blocked. */
export type StartWatchdog = (limits: WatchdogLimits) => () => void;

/** Starts the watchdog.
 * @param name the signal whose exit code is used if the process cannot kill itself */
export function startWatchdog(name: NodeJS.Signals, limits: WatchdogLimits): () => void {
  const beats = new Int32Array(new SharedArrayBuffer(4));
  const exit = isFirstProcess ? { koffi: koffiPath(), code: 128 + constants.signals[name] } : undefined;
  const watched: Watched = {
    beats,
    pid: process.pid,
    ...limits,
    ...(exit && { exit }),
  };
  try {
    const start = () => new Worker(`(${watch})()`, { eval: true, workerData: watched, execArgv: [] });
    startWorker('the watchdog', start)
      .on('error', () => undefined)
      .unref();
  } catch {
    // No thread can be started, so the main thread has to exit on its own.
  }
  return () => void Atomics.add(beats, 0, 1);
}

function koffiPath(): string {
  try {
    return createRequire(import.meta.url).resolve('koffi');
  } catch {
    return '';
  }
}

/** This function runs in the thread. It must not use anything from outside the function except modules of Node.js. */
function watch(): void {
  const { workerData } = process.getBuiltinModule('node:worker_threads');
  const { beats, pid, silentMillis, graceMillis, mostBusyMillis, exit } = workerData as Watched;
  const { createRequire: requireFrom } = process.getBuiltinModule('node:module');
  const { readFileSync } = process.getBuiltinModule('node:fs');
  const leave =
    exit && (requireFrom(exit.koffi)(exit.koffi) as KoffiOfThread).load(null).func('_exit', 'void', ['int']);
  /** Returns how long the main thread has worked or waited for a free core (machine/thread-time.ts). */
  const busyMillis = () => {
    try {
      const [run = 0, wait = 0] = readFileSync(`/proc/self/task/${pid}/schedstat`, 'utf8')
        .split(' ')
        .map(Number);
      return (run + wait) / 1e6;
    } catch {
      return 0;
    }
  };
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const started = performance.now();
  let [seen, seenAt, busyAt] = [0, started, busyMillis()];
  for (;;) {
    Atomics.wait(sleeper, 0, 0, 50);
    const now = performance.now();
    const beat = Atomics.load(beats, 0);
    const silent = now - seenAt;
    if (beat !== seen) [seen, seenAt, busyAt] = [beat, now, busyMillis()];
    else if (silent < silentMillis || now - started < graceMillis) continue;
    else if (silent - Math.min(mostBusyMillis, busyMillis() - busyAt) >= silentMillis) break;
  }
  if (exit !== undefined) leave?.(exit.code);
  process.kill(pid, 'SIGKILL');
}

interface KoffiOfThread {
  load(path: null): { func(name: string, result: string, args: readonly string[]): (code: number) => void };
}
