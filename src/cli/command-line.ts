/** `cifar10`: executes the command line of the process, and sets the exit code. */
import { fstatSync } from 'node:fs';
import { launcherOf } from '../collective/mpi/launcher.ts';
import { errorCode, messageOf } from '../errors.ts';
import { removeTemporaryFolders } from '../machine/temporary.ts';
import { Patience } from '../training/patience.ts';
import type { Output } from './console.ts';
import { beforeEnd, exitNow } from './end-process.ts';
import { execute } from './execute.ts';
import { Membership } from './membership.ts';
import { OutputQueue, type StreamName, sinkOf } from './output-queue.ts';
import { interruption } from './signals.ts';
import { startWatchdog } from './watchdog.ts';

/** Open MPI gives the first process a pseudo-terminal, whether mpirun writes to a terminal or not. */
const isInJob = (launcherOf(process.env)?.size ?? 1) > 1;
const output = new OutputQueue({ out: sinkOf(process.stdout), err: sinkOf(process.stderr) }, outputFailed);
const streams = { out: queued('out', process.stdout), err: queued('err', process.stderr) };

function queued(stream: StreamName, { isTTY, fd }: NodeJS.WriteStream & { readonly fd: number }): Output {
  return {
    isTTY: isTTY && !isInJob,
    isFile: isRegularFile(fd),
    get columns() {
      return process[stream === 'out' ? 'stdout' : 'stderr'].columns;
    },
    get isBehind() {
      return output.isBehind;
    },
    write: (text) => output.write(stream, text),
  };
}

function isRegularFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    return false; // closed
  }
}

/**
 * Handles a failed write. If the reader of our output has closed the pipe (`cifar10 train | head`), the run is saved and ends.
 * If the output cannot be written for another reason, for example because the disk is full, the run ends with an error. A
 * failed write to standard error is ignored, because it cannot be reported.
 */
function outputFailed(stream: StreamName, error: unknown): void {
  if (stream === 'err') return;
  if (errorCode(error) !== 'EPIPE' && !interruption.signal.aborted) {
    outputHasFailed = true;
    output.write('err', `cifar10: cannot write the output (${messageOf(error)})\n`);
  }
  interruption.stopReading();
}

let outputHasFailed = false;

/** How long the process waits for its threads at the end. A thread may hang, for example in a write to a failed disk. */
const exitMillis = 2000;
/** How long the process waits for its threads after a stop by a signal. An abandoned step may still be running in one of them,
 * but everything has been saved. */
const exitMillisAfterStop = 100;
/** After a stop, how long the program waits for its output to be read. */
const lastOutputMillis = 1200;
/** How long the program waits for the last messages to be written. */
const finalMessagesMillis = 120;

const words = process.argv.slice(2);
const membership = new Membership(words);
beforeEnd(removeTemporaryFolders);
beforeEnd((code) => membership.abort(code));
process.exitCode = await execute(words, {
  streams,
  interruption,
  drained: () => output.drained(interruption.signal),
  flushBriefly: () => output.flushBriefly(finalMessagesMillis),
  startWatchdog: (limits) => startWatchdog(interruption.name, limits),
  membership,
});
// After a stop, the program does not wait for a slow reader.
await new Patience(interruption.signal, lastOutputMillis).for(output.idle());
if (outputHasFailed) process.exitCode = 1;
const { exitCode = 0 } = process;
// Other processes wait for a member of a job until it ends the job.
if (membership.isMember && exitCode !== 0) exitNow(Number(exitCode));
if (interruption.isBySignal) setTimeout(() => interruption.exitSilently(), exitMillisAfterStop).unref();
else setTimeout(() => exitNow(Number(exitCode)), exitMillis).unref();
