/** `cifar10`: reads the command line, runs the command, and leaves with the exit code that says how it went. */

import { command } from '../command.ts';
import { errorCode, messageOf, RunError, StoppedError, stackOf, UsageError } from '../errors.ts';
import { describeExhaustion } from '../machine/exhaustion.ts';
import { Patience } from '../training/patience.ts';
import { version } from '../version.ts';
import { isCommandName } from './command-table.ts';
import { type Console, createConsole, type Output } from './console.ts';
import { exitNow } from './end-process.ts';
import { inFlags } from './option-flags.ts';
import { OutputQueue, type StreamName, sinkOf } from './output-queue.ts';
import { type CommandLine, parseCommandLine } from './parse.ts';
import { interruption } from './signals.ts';
import { StopWatch } from './stop-watch.ts';
import { startWatchdog } from './watchdog.ts';

/** Runs a request. Commands are loaded when they are asked for, so that help and errors come at once. */
async function run(request: CommandLine, console: Console): Promise<number> {
  const { signal } = interruption;
  const stopWatch = new StopWatch(
    signal,
    (why) => interruption.leave(why),
    (limits) => startWatchdog(interruption.name, limits),
  );
  const room = () => output.room(signal);
  const context = { console, signal, stopWatch, room };
  switch (request.command) {
    case 'help':
      console.result(request.text);
      return 0;
    case 'version':
      console.result(version);
      return 0;
    case 'download': {
      interruption.listen();
      const { downloadCommand } = await import('./commands/download.ts');
      await downloadCommand({ ...request, ...context });
      return 0;
    }
    case 'train': {
      interruption.listen();
      const { trainCommand } = await import('./commands/train.ts');
      return (await trainCommand({ ...request, ...context })) ? 0 : interruption.exitCode();
    }
    case 'eval': {
      interruption.listen();
      const { evalCommand } = await import('./commands/eval.ts');
      return (await evalCommand({ ...request, ...context })) ? 0 : interruption.exitCode();
    }
    case 'inspect': {
      const { inspectCommand } = await import('./commands/inspect.ts');
      await inspectCommand({ ...request, ...context });
      return 0;
    }
    case 'doctor': {
      const { doctorCommand } = await import('./commands/doctor.ts');
      return (await doctorCommand({ ...request, ...context })) ? 0 : 1;
    }
    case 'bench': {
      interruption.listen();
      const { benchCommand } = await import('./commands/bench.ts');
      await benchCommand({ ...request, ...context });
      return interruption.signal.aborted ? interruption.exitCode() : 0;
    }
  }
}

/** 2 for what could be refused from the command line alone, 1 for everything else that failed, the signal's code for
 * what was stopped. */
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

/** The message of an error; where something ran out, what and what to do, behind the message of the file or thread. */
function explained(error: unknown): string {
  const exhausted = describeExhaustion(error);
  const message = messageOf(error);
  if (exhausted === undefined || message.includes(exhausted)) return message;
  return isOurs(error) ? `${message}\n${exhausted}` : exhausted;
}

/** Is it one of our errors, whose message is written for people? */
function isOurs(error: unknown): boolean {
  return error instanceof RunError || error instanceof UsageError;
}

/** The command that was asked for and a blank, or nothing. */
function commandWord(): string {
  const [first = ''] = words;
  return isCommandName(first) ? `${first} ` : '';
}

/** One hint: what a message says itself is not said again. */
function hintFor(error: unknown, debug: boolean): string {
  if (describeExhaustion(error) !== undefined) return '';
  if (error instanceof UsageError)
    return /--help|Did you mean|Write \S+$|Commands:/.test(error.message)
      ? ''
      : `\nSee ${command(`${commandWord()}--help`)}`;
  return error instanceof RunError || debug ? '' : '\nThis is a fault of cifar10; --debug shows where.';
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

/** When the reader of our output closes the pipe (`cifar10 train | head`), the run is saved and ends. An output that cannot be
 * written, such as a file on a full disk, ends it too, and is an error. An error about standard error cannot be reported. */
function outputFailed(stream: StreamName, error: unknown): void {
  if (stream === 'err') return;
  if (errorCode(error) !== 'EPIPE' && !interruption.signal.aborted) {
    outputHasFailed = true;
    console.error(`cifar10: the output cannot be written (${messageOf(error)})`);
  }
  interruption.stopReading();
}

let outputHasFailed = false;

/** After its end a process may live on for a thread that hangs, such as one in a write to a disk that failed. */
const lingeringMillis = 2000;
/** After a stop it may compute a step that was given up; everything is saved then. */
const lingeringAfterStopMillis = 100;
/** How long after a stop the output may be read. */
const lastOutputMillis = 1200;
/** How long last words may take to be written. */
const lastWordsMillis = 120;

const words = process.argv.slice(2);
// Programs that asked for JSON get it for a wrong flag too.
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
// After a stop nobody waits for a reader that is slow.
await new Patience(interruption.signal, lastOutputMillis).for(output.idle());
if (outputHasFailed) process.exitCode = 1;
const { exitCode = 0 } = process;
if (interruption.isBySignal) setTimeout(() => interruption.leaveSilently(), lingeringAfterStopMillis).unref();
else setTimeout(() => exitNow(Number(exitCode)), lingeringMillis).unref();
