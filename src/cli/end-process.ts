/**
 * Ends the process without waiting for its threads. `process.exit` waits for every thread, even for one in a system call
 * that never returns. It also frees memory that the thread of an engine session may still be using, which causes a crash.
 */
import { createRequire } from 'node:module';
import { constants } from 'node:os';

/**
 * Ends the process with a signal, so that shells see which signal it was. A signal without a listener ends all threads.
 *
 * The first process of a container cannot be killed by its own signals, not even by SIGKILL (pid_namespaces(7)). For it,
 * `_exit` is called, which exits at once with the exit code of the signal. If `_exit` is not available, only `process.abort`
 * remains. It executes an illegal instruction, whereupon the kernel ends the process with exit code 139.
 */
export function endBy(name: NodeJS.Signals): void {
  const code = 128 + constants.signals[name];
  for (const task of lastTasks) task(code);
  process.removeAllListeners(name);
  process.kill(process.pid, name);
  if (!isFirstProcess) return;
  exitAtOnce()?.(code);
  process.abort();
}

/** Registers a task for the end of the process. The task must be synchronous and short, and must not throw.
 * @param task receives the exit code, as shells report it */
export function beforeEnd(task: (code: number) => void): void {
  lastTasks.push(task);
}

const lastTasks: ((code: number) => void)[] = [];

/** Ends the process with an exit code. */
export function exitNow(code: number): void {
  for (const task of lastTasks) task(code);
  exitAtOnce()?.(code);
  process.exit(code);
}

/** Whether this is the first process of a container. Such a process receives only the signals that it listens for, so every
 * command must listen. */
export const isFirstProcess: boolean = process.pid === 1;

/** Returns the C library's `_exit`, which exits at once without running exit handlers. Returns undefined if koffi is not
 * installed. */
function exitAtOnce(): ((code: number) => void) | undefined {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as Koffi;
    return koffi.load(null).func('_exit', 'void', ['int']);
  } catch {
    return undefined;
  }
}

interface Koffi {
  load(path: null): { func(name: string, result: string, args: readonly string[]): (code: number) => void };
}
