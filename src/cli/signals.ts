/** Ctrl-C and SIGTERM: the first asks the command to save and stop, the second ends the process at once. */

const codes = { SIGINT: 130, SIGTERM: 143 } as const;

class Interruption {
  readonly #controller = new AbortController();
  #code = 0;

  constructor() {
    for (const [name, code] of Object.entries(codes)) {
      process.on(name, () => {
        if (this.#controller.signal.aborted) process.exit(code);
        this.#code = code;
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

export const interruption: Interruption = new Interruption();
