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
 * them. (As the first process of a container they listen too, and leave: the kernel gives it no other signals.)
 */
import { constants } from 'node:os';
import { endBy, isFirstProcess } from './end-process.ts';
import { ignoredSignals } from './ignored-signals.ts';

const stopping = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGXCPU', 'SIGPWR'] as const;
const saving = ['SIGUSR1', 'SIGUSR2'] as const;
type StopSignal = (typeof stopping)[number];
/** A second one of these leaves at once. */
const leaving: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Signals of one request come within this time. */
const repetitionMillis = 1000;
/** This many ignored Ctrl-C within this time stop the process after all. */
const [insistence, insistenceMillis] = [3, 3000];

class Interruption {
  readonly #controller = new AbortController();
  readonly #saveListeners = new Set<() => void>();
  #askedAt = Number.NEGATIVE_INFINITY;
  #name: StopSignal | undefined;
  #code = 0;
  /** When signals came that were ignored. */
  #ignored: readonly number[] = [];
  #listens = false;
  #isLeaving = false;
  /** What leaving at once loses, such as `5 steps are lost`. */
  describeLoss: (() => string) | undefined;
  /** Prints a last warning; resolves soon, also where the output takes nothing. */
  sayLast: ((text: string) => Promise<void>) | undefined;

  /** Node opens its debugger on SIGUSR1, on a port of a machine that others may share: never here. */
  refuseDebugger(): void {
    for (const name of saving) listenTo(name, () => this.#save());
    if (!isFirstProcess) return;
    for (const name of leaving)
      listenTo(name, () => {
        if (!this.#listens) endBy(name);
      });
  }

  /** From now on the first signal only asks. */
  listen(): void {
    this.#listens = true;
    const ignored = ignoredSignals();
    for (const name of stopping) {
      listenTo(name, ignored.includes(name) ? () => this.#ignore(name) : () => this.#stop(name));
    }
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

  /** The signal that asked to stop; SIGTERM where the output was closed. */
  get name(): StopSignal {
    return this.#name ?? 'SIGTERM';
  }

  /** Was it a signal that asked to stop? */
  get isBySignal(): boolean {
    return this.#name !== undefined;
  }

  /** Ends the process by the signal that asked to stop, so that shells see it. Says what is lost, where the command knows.
   * @param why such as `the file system does not answer` */
  leave(why?: string): void {
    this.#leaveBy(this.name, why);
  }

  /** Leaves without a word: everything is done. */
  leaveSilently(): void {
    if (!this.#isLeaving) endBy(this.name);
  }

  #leaveBy(name: StopSignal, why?: string): void {
    if (this.#isLeaving) {
      endBy(name);
      return;
    }
    this.#isLeaving = true;
    const loss = this.describeLoss?.();
    const text = `leaving at once${why === undefined ? '' : ` (${why})`}${loss === undefined ? '' : `: ${loss}`}`;
    const said = why === undefined && loss === undefined ? undefined : this.sayLast?.(text);
    void Promise.resolve(said).then(() => endBy(name));
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
      this.#name = name;
      this.#code = 128 + constants.signals[name];
      this.#controller.abort();
      return;
    }
    if (now - this.#askedAt < repetitionMillis || !leaving.includes(name)) return;
    this.#leaveBy(name);
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

export const interruption: Interruption = new Interruption();
