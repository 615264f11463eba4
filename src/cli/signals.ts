/**
 * Signal handling of commands that have something to save.
 *
 * | signal | first | again, a second or more later |
 * |---|---|---|
 * | SIGINT (Ctrl-C), SIGTERM, SIGHUP (the terminal is closed) | save and stop | exit at once |
 * | SIGXCPU, SIGPWR (a limit is reached, the power fails) | save and stop | no further effect |
 * | SIGUSR1, SIGUSR2 (schedulers send them before the end) | save and continue | save and continue |
 *
 * A repetition within a second counts as the same request, because npx, shells and entry scripts of containers forward
 * signals that the whole process group has already received. A signal that the parent process ignores stays ignored;
 * `nohup` ignores SIGHUP, and scripts ignore SIGINT for background jobs. Commands that have nothing to save do not
 * listen, so the first signal ends them. (If they run as the first process of a container, they do listen, and exit at the
 * first signal, because the kernel delivers to that process only signals for which it listens.)
 */
import { close as closeInspector, url as inspectorUrl } from 'node:inspector';
import { constants } from 'node:os';
import { endBy, exitNow, isFirstProcess } from './end-process.ts';
import { ignoredSignals } from './ignored-signals.ts';

const stopping = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGXCPU', 'SIGPWR'] as const;
const saving = ['SIGUSR1', 'SIGUSR2'] as const;
type StopSignal = (typeof stopping)[number];
/** The signals whose repetition exits at once. */
const exitSignals: readonly StopSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Signals within this time count as one request. */
const repetitionMillis = 1000;
/** A Ctrl-C that is ignored stops the process after all if it comes this many times within this many milliseconds. */
const [forcedStopCount, forcedStopMillis] = [3, 3000];

/** The process that receives the signals. */
export interface SignalledProcess {
  readonly listenTo: (name: NodeJS.Signals, listener: () => void) => void;
  /** Ends the process with a signal. */
  readonly endBy: (name: NodeJS.Signals) => void;
  /** Ends the process with an exit code. */
  readonly exit: (code: number) => void;
}

export class Interruption {
  readonly #process: SignalledProcess;
  readonly #controller = new AbortController();
  readonly #saveListeners = new Set<() => void>();
  #requestedAt = Number.NEGATIVE_INFINITY;
  #name: StopSignal | undefined;
  #code = 0;
  /** The times of the signals that were ignored. */
  #ignored: readonly number[] = [];
  #listens = false;
  #isLeaving = false;
  /** Says what is lost by exiting at once, such as `5 steps are lost`. */
  describeLoss: (() => string) | undefined;
  /** Prints a final warning. Resolves soon, even if the output is blocked. */
  sayLast: ((text: string) => Promise<void>) | undefined;
  /** Removes what the process must not leave behind. Resolves soon, even if the file system hangs. */
  tidyLast: (() => Promise<void>) | undefined;

  constructor(signalled: SignalledProcess = { listenTo, endBy, exit: exitNow }) {
    this.#process = signalled;
  }

  /** Listens for SIGUSR1 and SIGUSR2. Otherwise, Node would open its debugger on SIGUSR1, on a port that other users of the
   * machine could reach. In the first process of a container, this function also lets signals end the process until `listen` is
   * called. */
  refuseDebugger(): void {
    for (const name of saving) this.#process.listenTo(name, () => this.#save());
    closeDebugger();
    if (!isFirstProcess) return;
    for (const name of exitSignals)
      this.#process.listenTo(name, () => {
        if (!this.#listens) this.#process.endBy(name);
      });
  }

  /** Starts to listen for the signals that stop the program. From now on, the first of them only requests a stop. */
  listen(): void {
    this.#listens = true;
    const ignored = ignoredSignals();
    for (const name of stopping) {
      this.#process.listenTo(
        name,
        ignored.includes(name) ? () => this.#ignore(name) : () => this.#stop(name),
      );
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Registers a callback for the signals that request to save and continue. */
  onSave(listener: () => void): void {
    this.#saveListeners.add(listener);
  }

  /** Requests a stop because the output is closed. (Other programs receive SIGPIPE then.) Further calls have no effect. */
  stopReading(): void {
    this.#code ||= 141;
    this.#controller.abort();
  }

  /** Returns the exit code of the stop, as in shells: 128 plus the number of the signal. */
  exitCode(): number {
    return this.#code;
  }

  /** The signal that requested the stop, or SIGTERM if the output was closed. */
  get name(): StopSignal {
    return this.#name ?? 'SIGTERM';
  }

  /** Whether a signal requested the stop. */
  get isBySignal(): boolean {
    return this.#name !== undefined;
  }

  /** Ends the process with the signal that requested the stop, so that shells see it, or with 141 if the output was closed.
   * Prints what is lost, if the command knows.
   * @param why the reason to print, such as `the file system does not answer` */
  leave(why?: string): void {
    this.#exitBySignal(this.#name, why);
  }

  /** Exits without a message, because everything is done. */
  exitSilently(): void {
    if (!this.#isLeaving) this.#end(this.#name);
  }

  #end(name: StopSignal | undefined): void {
    if (name === undefined) this.#process.exit(this.#code);
    else this.#process.endBy(name);
  }

  #exitBySignal(name: StopSignal | undefined, why?: string): void {
    if (this.#isLeaving) {
      this.#end(name);
      return;
    }
    this.#isLeaving = true;
    const loss = this.describeLoss?.();
    const text = `exiting at once${why === undefined ? '' : ` (${why})`}${loss === undefined ? '' : `: ${loss}`}`;
    const said = why === undefined && loss === undefined ? undefined : this.sayLast?.(text);
    void Promise.all([said, this.tidyLast?.()]).then(() => this.#end(name));
  }

  #save(): void {
    for (const listener of this.#saveListeners) listener();
  }

  /** Ignores a signal. Only a repeated Ctrl-C stops the process, because it is certainly meant for this process. */
  #ignore(name: StopSignal): void {
    const now = performance.now();
    this.#ignored = [...this.#ignored.filter((at) => now - at < forcedStopMillis), now];
    if (name === 'SIGINT' && this.#ignored.length >= forcedStopCount) this.#stop(name);
  }

  #stop(name: StopSignal): void {
    const now = performance.now();
    if (!this.#controller.signal.aborted) {
      this.#requestedAt = now;
      this.#name = name;
      this.#code = 128 + constants.signals[name];
      this.#controller.abort();
      return;
    }
    if (now - this.#requestedAt < repetitionMillis || !exitSignals.includes(name)) return;
    this.#exitBySignal(name);
  }
}

/** Closes a debugger that SIGUSR1 opened while Node.js itself was starting, before any of our code ran. A debugger that the
 * user requested, which has a flag or another port, stays open. */
function closeDebugger(): void {
  const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  if (inspectorUrl()?.includes(`:${process.debugPort}/`) && !flags.includes('--inspect')) closeInspector();
}

/** Listens for a signal if the system has it. Windows lacks most signals, macOS lacks SIGPWR. */
function listenTo(name: NodeJS.Signals, listener: () => void): void {
  if (!(name in constants.signals)) return;
  try {
    process.on(name, listener);
  } catch {
    // The system does not allow this signal to be handled.
  }
}

export const interruption: Interruption = new Interruption();
