/**
 * How the process ends without waiting for its threads. `process.exit` waits for every one, also for one in a system call that
 * never returns, and tears down what the thread of a session is computing with, which ends in a crash.
 */
import { createRequire } from 'node:module';
import { constants } from 'node:os';

/**
 * Ends the process by a signal, so that shells see which it was. A signal without a listener ends the process whole.
 *
 * The first process of a container cannot be killed by its own signals, not even by SIGKILL (pid_namespaces(7)).
 * `_exit` leaves at once and keeps the exit code; where it cannot be called `process.abort` is left: the kernel then
 * ends the process for its illegal instruction, with 139.
 */
export function endBy(name: NodeJS.Signals): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
  if (!isFirstProcess) return;
  exitAtOnce()?.(128 + constants.signals[name]);
  process.abort();
}

/** Ends the process with an exit code. */
export function exitNow(code: number): void {
  exitAtOnce()?.(code);
  process.exit(code);
}

/** The kernel delivers to it only signals that it listens for, so that every command must. */
export const isFirstProcess: boolean = process.pid === 1;

/** The function `_exit` of the C library, which runs nothing and waits for nothing; undefined without koffi, which calls it. */
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
