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
  /** Is told what the command does, so that a stop never waits for what does not end. */
  readonly stopWatch: StopWatch;
}
