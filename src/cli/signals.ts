/**
 * What signals ask of a command that has something to save.
 *
 * | signal | first | again, a second or more later |
 * |---|---|---|
 * | SIGINT (Ctrl-C), SIGTERM, SIGHUP (the terminal is closed) | save and stop | leave at once |
 * | SIGXCPU, SIGPWR (a limit is reached, the power fails) | save and stop | nothing more |
 * | SIGUSR1, SIGUSR2 (schedulers send them before the end) | save and continue | save and continue |
 *
 * A repetition within a second is the same request: npx, shells and the entry scripts of containers pass a signal on that
 * the whole process group received. A signal that the parent process ignores, as `nohup` does with SIGHUP and scripts do
 * with SIGINT for background jobs, stays ignored. Commands that have nothing to save do not listen: the first signal ends
 * them.
 */
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';

const stopping = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGXCPU', 'SIGPWR'] as const;
const saving = ['SIGUSR1', 'SIGUSR2'] as const;
/** A second one of these leaves at once. */
const leaving: readonly string[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
type StopSignal = (typeof stopping)[number];

/** Signals of one request come within this time. */
const repetitionMillis = 1000;
/** How long saving may take after the request before `onSlow` is called. */
export const patienceMillis = 2000;

class Interruption {
  readonly #controller = new AbortController();
  readonly #saveListeners = new Set<() => void>();
  #askedAt = Number.NEGATIVE_INFINITY;
  #code = 0;
  /** Says what leaving at once loses. */
  onLeave: (() => void) | undefined;

  /** Node opens its debugger on SIGUSR1, on a port of a machine that others may share: never here. */
  refuseDebugger(): void {
    for (const name of saving) listenTo(name, () => this.#save());
  }

  /** From now on the first signal only asks. */
  listen(): void {
    const ignored = ignoredSignals();
    for (const name of stopping)
      if (!ignored.has(constants.signals[name])) listenTo(name, () => this.#stop(name));
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Calls back whenever a signal asks to save and continue. */
  onSave(listener: () => void): void {
    this.#saveListeners.add(listener);
  }

  /** The output is closed (as SIGPIPE would say). Repeating it changes nothing. */
  stopReading(): void {
    this.#code ||= 141;
    this.#controller.abort();
  }

  /** 128 plus the number of the signal, as shells say it. */
  exitCode(): number {
    return this.#code;
  }

  /** Ends the process by the signal that asked to stop, so that shells see it. */
  leave(): void {
    const name = stopping.find((other) => 128 + constants.signals[other] === this.#code) ?? 'SIGTERM';
    endBy(name);
  }

  #save(): void {
    for (const listener of this.#saveListeners) listener();
  }

  #stop(name: StopSignal): void {
    const now = performance.now();
    if (!this.#controller.signal.aborted) {
      this.#askedAt = now;
      this.#code = 128 + constants.signals[name];
      this.#controller.abort();
      return;
    }
    if (now - this.#askedAt < repetitionMillis || !leaving.includes(name)) return;
    this.onLeave?.();
    endBy(name);
  }
}

/** Systems lack some signals: Windows most, macOS SIGPWR. */
function listenTo(name: NodeJS.Signals, listener: () => void): void {
  if (!(name in constants.signals)) return;
  try {
    process.on(name, listener);
  } catch {
    // The system does not let programs handle it.
  }
}

/** Numbers of the signals that were ignored when the process started (`SigIgn` of proc(5)); none on other systems. */
function ignoredSignals(): ReadonlySet<number> {
  try {
    const [, mask = '0'] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    const bits = BigInt(`0x${mask}`);
    const numbers = Array.from({ length: 64 }, (_, index) => index + 1);
    return new Set(numbers.filter((number) => ((bits >> BigInt(number - 1)) & 1n) === 1n));
  } catch {
    return new Set();
  }
}

/** Not `process.exit`: it tears down what the thread of a session is computing with, and that ends in a crash. A signal
 * without a listener ends the process whole, and tells the shell which it was. */
function endBy(name: NodeJS.Signals): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}

export const interruption: Interruption = new Interruption();
