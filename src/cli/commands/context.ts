/** What a command receives, and what it returns. */
import type { Console } from '../console.ts';
import type { CommandName } from '../flag.ts';
import type { FlagsOf } from '../flag-table.ts';
import type { Membership } from '../membership.ts';
import type { Interruption } from '../signals.ts';
import type { StopWatch } from '../stop-watch.ts';

export interface CommandContext<Flags> {
  readonly flags: Flags;
  /** The positional arguments. */
  readonly operands: readonly string[];
  /** The names of the flags that are on the command line, such as `batch-size`. */
  readonly given: ReadonlySet<string>;
  readonly console: Console;
  readonly interruption: Pick<Interruption, 'onSave' | 'describeLoss'>;
  /** Aborted by the first Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Records the current activity (`begin`), and limits how long a stop waits for it. */
  readonly stopWatch: StopWatch;
  /** Resolves when the reader of the output has caught up. Commands that print a lot await it. */
  readonly drained: () => Promise<void>;
  /** The membership of the process in an MPI job. */
  readonly membership: Pick<Membership, 'join' | 'leave'>;
}

/** How a command ended: `done` means exit code 0, `failed` 1, and `stopped` the code of the signal. Errors are not outcomes;
 * they are thrown. */
export type Outcome = 'done' | 'failed' | 'stopped';

export type Command<C extends CommandName> = (context: CommandContext<FlagsOf<C>>) => Promise<Outcome>;
