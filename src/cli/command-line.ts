/** `cifar10`: parses the command line, runs the command, and sets the exit code. */

import { command } from '../command.ts';
import { errorCode, messageOf, RunError, StoppedError, stackOf, UsageError } from '../errors.ts';
import { describeExhaustion } from '../machine/exhaustion.ts';
import { Patience } from '../training/patience.ts';
import { version } from '../version.ts';
import { type CommandRecord, commandTable, isCommandName } from './command-table.ts';
import { type Console, createConsole, type Output } from './console.ts';
import { exitNow } from './end-process.ts';
import type { CommandName } from './flag.ts';
import { inFlags } from './option-flags.ts';
import { OutputQueue, type StreamName, sinkOf } from './output-queue.ts';
import { type CommandLine, parseCommandLine, type RequestsByCommand } from './parse.ts';
import { interruption } from './signals.ts';
import { StopWatch } from './stop-watch.ts';
import { startWatchdog } from './watchdog.ts';

/** Runs a request and returns the exit code. */
async function run(request: CommandLine, console: Console): Promise<number> {
  switch (request.command) {
    case 'help':
      console.result(request.text);
      return 0;
    case 'version':
      console.result(version);
      return 0;
    default:
      return runCommand(request, console);
  }
}

async function runCommand<C extends CommandName>(
  { command: name, ...request }: RequestsByCommand[C],
  console: Console,
): Promise<number> {
  const { signal } = interruption;
  const stopWatch = new StopWatch(
    signal,
    (why) => interruption.leave(why),
    (limits) => startWatchdog(interruption.name, limits),
  );
  const { load, isStoppable }: CommandRecord<C> = commandTable[name];
  if (isStoppable) interruption.listen();
  const start = await load();
  const room = () => output.room(signal);
  const outcome = await start({ ...request, console, signal, stopWatch, room });
  if (outcome === 'stopped') return interruption.exitCode();
  return outcome === 'done' ? 0 : 1;
}

/** Returns the exit code: 2 for an error that follows from the command line alone, 1 for any other failure, and the code of
 * the signal after a stop. */
function report(error: unknown, debug: boolean, console: Console): number {
  console.progress(undefined);
  if (error instanceof StoppedError) {
    console.warn(`stopped; ${error.message}`);
    return interruption.exitCode();
  }
  const exitCode = error instanceof UsageError ? 2 : 1;
  const message = inFlags(explained(error));
  const event = { kind: 'error', error: kindOf(error), message, exitCode } as const;
  console.error(`cifar10: ${message}${hintFor(error, debug)}`, event);
  if (debug) console.error(stackOf(error));
  return exitCode;
}

function kindOf(error: unknown): 'usage' | 'run' | 'fault' {
  if (error instanceof UsageError) return 'usage';
  return error instanceof RunError ? 'run' : 'fault';
}

/** The message of an error. If a resource ran out, the message also says which one, and what to do. */
function explained(error: unknown): string {
  const exhausted = describeExhaustion(error);
  const message = messageOf(error);
  if (exhausted === undefined || message.includes(exhausted)) return message;
  return isOurs(error) ? `${message}\n${exhausted}` : exhausted;
}

/** Whether this is one of our own errors, whose messages are written for users. */
function isOurs(error: unknown): boolean {
  return error instanceof RunError || error instanceof UsageError;
}

/** The requested command followed by a space, or an empty string if there is none. */
function commandWord(): string {
  const [first = ''] = words;
  return isCommandName(first) ? `${first} ` : '';
}

/** At most one hint. Empty if the message already says the same. */
function hintFor(error: unknown, debug: boolean): string {
  if (describeExhaustion(error) !== undefined) return '';
  if (error instanceof UsageError)
    return /--help|Did you mean|Write \S+$|Commands:/.test(error.message)
      ? ''
      : `\nSee ${command(`${commandWord()}--help`)}`;
  return error instanceof RunError || debug ? '' : '\nThis is a bug in cifar10; --debug shows where.';
}

const output = new OutputQueue({ out: sinkOf(process.stdout), err: sinkOf(process.stderr) }, outputFailed);
const streams = { out: queued('out', process.stdout), err: queued('err', process.stderr) };

function queued(stream: StreamName, { isTTY }: NodeJS.WriteStream): Output {
  return {
    isTTY,
    get columns() {
      return process[stream === 'out' ? 'stdout' : 'stderr'].columns;
    },
    get isBehind() {
      return output.isBehind;
    },
    write: (text) => output.write(stream, text),
  };
}

/** If the reader of our output closes the pipe (`cifar10 train | head`), the run is saved and ends. Output that cannot be
 * written, such as to a file on a full disk, also ends the run, as an error. An error on standard error cannot be reported. */
function outputFailed(stream: StreamName, error: unknown): void {
  if (stream === 'err') return;
  if (errorCode(error) !== 'EPIPE' && !interruption.signal.aborted) {
    outputHasFailed = true;
    console.error(`cifar10: the output cannot be written (${messageOf(error)})`);
  }
  interruption.stopReading();
}

let outputHasFailed = false;

/** The time limit for a thread that hangs after the end, for example in a write to a failed disk. */
const lingeringMillis = 2000;
/** The time limit after a stop, when an abandoned step may still be running. Everything has been saved by then. */
const lingeringAfterStopMillis = 100;
/** How long the program waits after a stop for its output to be read. */
const lastOutputMillis = 1200;
/** How long the program waits for the last messages to be written. */
const lastWordsMillis = 120;

const words = process.argv.slice(2);
// With --json, errors about flags are printed as JSON too.
const asksForJson = words.some((word) => word === '--json' || word === '--json=true');
let console: Console = createConsole({ quiet: false, json: asksForJson }, streams);
interruption.sayLast = (text) => {
  console.progress(undefined);
  console.warn(text);
  return output.hurry(lastWordsMillis);
};
try {
  const request = parseCommandLine(words);
  if ('flags' in request) console = createConsole(request.flags, streams);
  process.exitCode = await run(request, console);
} catch (error) {
  process.exitCode = report(error, words.includes('--debug'), console);
}
// After a stop, the program does not wait for a slow reader.
await new Patience(interruption.signal, lastOutputMillis).for(output.idle());
if (outputHasFailed) process.exitCode = 1;
const { exitCode = 0 } = process;
if (interruption.isBySignal) setTimeout(() => interruption.leaveSilently(), lingeringAfterStopMillis).unref();
else setTimeout(() => exitNow(Number(exitCode)), lingeringMillis).unref();
