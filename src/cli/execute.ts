/**
 * Executes a command line: parses it, runs the command, and prints its error, if any. The streams and the signal handling of
 * the process are passed in, so tests can run commands in their own process.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { command } from '../command.ts';
import { removeUnfinished } from '../disk/unfinished.ts';
import { FailedElsewhere, messageOf, RunError, StoppedError, stackOf, UsageError } from '../errors.ts';
import { describeExhaustion } from '../machine/exhaustion.ts';
import { version } from '../version.ts';
import { type CommandRecord, commandTable, isCommandName } from './command-table.ts';
import { type Console, createConsole, type Streams } from './console.ts';
import { type CommandName, isFlagOf } from './flag.ts';
import { flagTable } from './flag-table.ts';
import type { Membership } from './membership.ts';
import { inFlags } from './option-flags.ts';
import { type CommandLine, parseCommandLine, type RequestsByCommand } from './parse.ts';
import type { Interruption } from './signals.ts';
import { StopWatch } from './stop-watch.ts';
import type { StartWatchdog } from './watchdog.ts';

/** What a command needs from the process that runs it. */
export interface Host {
  readonly streams: Streams;
  readonly interruption: Interruption;
  /** Resolves when the reader of the output has caught up. */
  readonly drained: () => Promise<void>;
  /** Waits a moment for the output to be written before the process ends. */
  readonly flushBriefly: () => Promise<void>;
  readonly startWatchdog: StartWatchdog;
  /** The membership of the process in an MPI job. */
  readonly membership: Membership;
}

/** How long an immediate exit waits for unfinished files to be removed. */
const tidyMillis = 250;

/** @param words the command line without the name of the program
 * @returns the exit code */
export async function execute(words: readonly string[], host: Host): Promise<number> {
  // With --json, errors about flags are printed as JSON too.
  const asksForJson = words.some((word) => word === '--json' || word === '--json=true');
  let console = createConsole({ quiet: false, json: asksForJson }, host.streams);
  host.interruption.sayLast = (text) => {
    console.progress(undefined);
    console.warn(`${host.membership.prefix}${text}`);
    return host.flushBriefly();
  };
  host.interruption.tidyLast = () => Promise.race([removeUnfinished(), sleep(tidyMillis)]);
  try {
    const request = parseCommandLine(words);
    if ('flags' in request) console = createConsole(request.flags, host.streams);
    return await run(request, console, host);
  } catch (error) {
    await host.membership.turnToReport(error);
    return report(error, words, console, host);
  }
}

/** Runs a request and returns the exit code. */
async function run(request: CommandLine, console: Console, host: Host): Promise<number> {
  switch (request.command) {
    case 'help':
      if (host.membership.isFirst) console.result(request.text);
      return 0;
    case 'version':
      if (host.membership.isFirst) console.result(version);
      return 0;
    default:
      return runCommand(request, console, host);
  }
}

async function runCommand<C extends CommandName>(
  { command: name, ...request }: RequestsByCommand[C],
  console: Console,
  { interruption, drained, startWatchdog, membership }: Host,
): Promise<number> {
  const { load, isStoppable, inJob }: CommandRecord<C> = commandTable[name];
  if (!membership.executes(name, inJob)) return 0;
  const { signal } = interruption;
  const stopWatch = new StopWatch(interruption, (why) => interruption.leave(why), startWatchdog);
  if (isStoppable) interruption.listen();
  requireCurrentFolder();
  const start = await load();
  try {
    const outcome = await start({
      ...request,
      console,
      interruption,
      signal,
      stopWatch,
      drained,
      membership,
    });
    if (outcome === 'stopped') return interruption.exitCode();
    return outcome === 'done' ? 0 : 1;
  } finally {
    stopWatch.end();
  }
}

/** @throws RunError when the folder in which the program was started has been removed */
function requireCurrentFolder(): void {
  try {
    process.cwd();
  } catch (error) {
    throw new RunError(
      `the current folder cannot be used (${messageOf(error)}). Change to another folder (cd) first.`,
      {
        cause: error,
      },
    );
  }
}

/** Prints an error, and returns the exit code: 2 for an error that follows from the command line alone, the code of the signal
 * after a stop, and 1 for any other failure. */
function report(
  error: unknown,
  words: readonly string[],
  console: Console,
  { interruption, membership }: Host,
): number {
  const debug = words.includes('--debug');
  console.progress(undefined);
  if (error instanceof StoppedError) {
    console.warn(`stopped; ${error.message}`);
    return interruption.exitCode();
  }
  const exitCode = error instanceof UsageError ? 2 : 1;
  const message = `${membership.prefix}${inFlags(explained(error, words))}`;
  const event = { kind: 'error', error: kindOf(error), message, exitCode } as const;
  console.error(`cifar10: ${message}${hintFor(error, words)}`, event);
  if (debug) console.error(stackOf(error));
  return exitCode;
}

function kindOf(error: unknown): 'usage' | 'run' | 'fault' {
  if (error instanceof UsageError) return 'usage';
  return isOurs(error) ? 'run' : 'fault';
}

/** Returns the message of an error. If a resource ran out, the message also says which one, and what to do. */
function explained(error: unknown, [name = '']: readonly string[]): string {
  const hasBatches = isCommandName(name) && isFlagOf(flagTable.batchSize, name);
  const exhausted = describeExhaustion(error, { hasBatches });
  const message = messageOf(error);
  if (exhausted === undefined || message.includes(exhausted)) return message;
  return isOurs(error) ? `${message}\n${exhausted}` : exhausted;
}

/** Whether this is one of our own errors, whose messages are written for users. */
function isOurs(error: unknown): boolean {
  return error instanceof RunError || error instanceof UsageError || error instanceof FailedElsewhere;
}

/** Returns the requested command followed by a space, or an empty string if there is none. */
function commandWord([first = '']: readonly string[]): string {
  return isCommandName(first) ? `${first} ` : '';
}

/** Returns a hint that follows the message, or an empty string if none is needed or the message already contains one. */
function hintFor(error: unknown, words: readonly string[]): string {
  if (describeExhaustion(error) !== undefined) return '';
  if (error instanceof UsageError)
    return /--help|Did you mean|Write \S+$|Commands:|Start a single/.test(error.message)
      ? ''
      : `\nSee ${command(`${commandWord(words)}--help`)}`;
  return isOurs(error) || words.includes('--debug') ? '' : '\nThis is a bug in cifar10; --debug shows where.';
}
