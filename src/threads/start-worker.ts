/** Starts worker threads within the limits of the machine, and explains failures. */
import type { Worker } from 'node:worker_threads';
import { messageOf, RunError } from '../errors.ts';
import { type ReadText, readText } from '../machine/control-groups.ts';
import { describeExhaustion } from '../machine/exhaustion.ts';
import { softLimit } from '../machine/limits.ts';
import { byteSize } from '../wording.ts';

/** The address space that V8 reserves for each thread; V8 aborts the process if it cannot. Node 20 needs 560 to 660 MB. */
const addressesOfThread = 700 * 2 ** 20;

/** The number of threads that were started but have not reserved their address space yet. */
let starting = 0;

/** Starts a worker thread.
 * @param what what to call the thread in errors, such as `a thread that prepares batches`
 * @throws RunError when the limits of the machine do not allow another thread */
export function startWorker(what: string, start: () => Worker): Worker {
  requireAddresses(what, starting + 1);
  let worker: Worker;
  try {
    worker = start();
  } catch (error) {
    throw new RunError(`${what} cannot start: ${threadFailure(error)}`, { cause: error });
  }
  starting++;
  let isStarting = true;
  const started = () => {
    if (isStarting) starting--;
    isStarting = false;
  };
  worker.once('online', started).once('exit', started);
  return worker;
}

/** Explains why a thread failed: a resource ran out, or a bundler left out a file. Otherwise returns the error's message. */
export function threadFailure(error: unknown): string {
  const message = messageOf(error);
  const [, missing] = /^Cannot find (?:module|package) '([^']*cifar10-\w+-worker[^']*)'/.exec(message) ?? [];
  if (missing !== undefined)
    return (
      `the file of its thread is missing: ${missing}. If the program was bundled, leave the package out of the bundle: ` +
      'esbuild --external:cifar10-ts, webpack and Vite "external", Next.js "serverExternalPackages"'
    );
  return describeExhaustion(error) ?? message;
}

/** @throws RunError when `ulimit -v` leaves too little address space for `threads` more threads */
export function requireAddresses(what: string, threads: number, read: ReadText = readText): void {
  const limit = softLimit('addressSpace', read);
  if (!Number.isFinite(limit)) return;
  const used = Number(/^VmSize:\s+(\d+) kB/m.exec(read('/proc/self/status') ?? '')?.[1] ?? 0) * 1024;
  if (limit - used >= threads * addressesOfThread) return;
  throw new RunError(
    `${what} cannot start: out of memory: ulimit -v allows ${byteSize(limit)} of address space, of which ${byteSize(used)} are in use, ` +
      `and a thread needs ${byteSize(addressesOfThread)}. Raise the limit (ulimit -v unlimited)`,
  );
}
