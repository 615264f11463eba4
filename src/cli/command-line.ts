/** `cifar10`: executes the command line of the process, and exits with the right exit code. */

import { errorCode, messageOf } from '../errors.ts';
import { Patience } from '../training/patience.ts';
import type { Output } from './console.ts';
import { exitNow } from './end-process.ts';
import { execute } from './execute.ts';
import { OutputQueue, type StreamName, sinkOf } from './output-queue.ts';
import { interruption } from './signals.ts';
import { startWatchdog } from './watchdog.ts';

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
 * written, such as a file on a full disk, also ends the run, as an error. An error on standard error cannot be reported. */
function outputFailed(stream: StreamName, error: unknown): void {
  if (stream === 'err') return;
  if (errorCode(error) !== 'EPIPE' && !interruption.signal.aborted) {
    outputHasFailed = true;
    output.write('err', `cifar10: the output cannot be written (${messageOf(error)})\n`);
  }
  interruption.stopReading();
}

let outputHasFailed = false;

/** Time limit for a thread that hangs after the end, such as in a write to a failed disk. */
const lingeringMillis = 2000;
/** Time limit after a stop, when an abandoned step may still be running; everything is saved by then. */
const lingeringAfterStopMillis = 100;
/** Time limit for the output to be read after a stop. */
const lastOutputMillis = 1200;
/** Time limit for writing the last messages. */
const lastWordsMillis = 120;

process.exitCode = await execute(process.argv.slice(2), {
  streams,
  interruption,
  room: () => output.room(interruption.signal),
  hurry: () => output.hurry(lastWordsMillis),
  startWatchdog: (limits) => startWatchdog(interruption.name, limits),
});
// After a stop, do not wait for a slow reader.
await new Patience(interruption.signal, lastOutputMillis).for(output.idle());
if (outputHasFailed) process.exitCode = 1;
const { exitCode = 0 } = process;
if (interruption.isBySignal) setTimeout(() => interruption.leaveSilently(), lingeringAfterStopMillis).unref();
else setTimeout(() => exitNow(Number(exitCode)), lingeringMillis).unref();
