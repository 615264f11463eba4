/**
 * Ctrl-C, SIGTERM and a terminal that is closed (SIGHUP): the first asks the command to save and stop, the second ends
 * the process at once. Commands that have nothing to save do not listen: the first signal ends them.
 */

const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type SignalName = keyof typeof codes;

class Interruption {
  readonly #controller = new AbortController();
  #code = 0;

  /** From here on the first signal only asks. */
  listen(): void {
    for (const name of Object.keys(codes) as SignalName[]) {
      process.on(name, () => {
        if (this.#controller.signal.aborted) return endBy(name);
        this.#code = codes[name];
        this.#controller.abort();
      });
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Nobody reads the output any more (as SIGPIPE would say). Said again, it changes nothing. */
  stopReading(): void {
    this.#code ||= 141;
    this.#controller.abort();
  }

  /** 128 plus the number of the signal, as shells say it. */
  exitCode(): number {
    return this.#code;
  }
}

/** Not `process.exit`: it tears down what the thread of a session is computing with, and that ends in a crash. A signal
 * that nobody listens to ends the process whole, and tells the shell which it was. */
function endBy(name: SignalName): void {
  process.removeAllListeners(name);
  process.kill(process.pid, name);
}

export const interruption: Interruption = new Interruption();
