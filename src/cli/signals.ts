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
import { constants } from 'node:os';
import { ignoredSignals } from './ignored-signals.ts';

const stopping = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGXCPU', 'SIGPWR'] as const;
const saving = ['SIGUSR1', 'SIGUSR2'] as const;
/** A second one of these leaves at once. */
const leaving: readonly string[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];
type StopSignal = (typeof stopping)[number];

/** Signals of one request come within this time. */
const repetitionMillis = 1000;
/** So many ignored Ctrl-C within this time stop the process after all. */
const [insistence, insistenceMillis] = [3, 3000];

class Interruption {
  readonly #controller = new AbortController();
  readonly #saveListeners = new Set<() => void>();
  #askedAt = Number.NEGATIVE_INFINITY;
  #code = 0;
  /** When signals came that were ignored. */
  #ignored: readonly number[] = [];
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
      listenTo(name, ignored.includes(name) ? () => this.#ignore(name) : () => this.#stop(name));
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

  /** Someone who presses Ctrl-C again and again means this process. */
  #ignore(name: StopSignal): void {
    const now = performance.now();
    this.#ignored = [...this.#ignored.filter((at) => now - at < insistenceMillis), now];
    if (name === 'SIGINT' && this.#ignored.length >= insistence) this.#stop(name);
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

/** Not `process.exit`: it tears down what the thread of a session is computing with, and that ends in a crash. A signal
 * without a listener ends the process whole, and tells the shell which it was. The first process of a container survives
 * its own signals (pid_namespaces(7)), and has no other way than to exit. */
function endBy(name: NodeJS.Signals): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
  if (process.pid === 1) process.exit(128 + constants.signals[name]);
}

export const interruption: Interruption = new Interruption();
