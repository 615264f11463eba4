/** What every command is given. */
import type { Console } from '../console.ts';
import type { StopWatch } from '../stop-watch.ts';

export interface CommandContext<Flags> {
  readonly flags: Flags;
  /** The names of the flags that were written on the command line, such as `batch-size`. */
  readonly given: ReadonlySet<string>;
  readonly console: Console;
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Receives the current activity (`begin`), and limits how long a stop waits for it. */
  readonly stopWatch: StopWatch;
  /** Resolves when the reader of the output has kept up: who prints a lot awaits it. */
  readonly room: () => Promise<void>;
}
