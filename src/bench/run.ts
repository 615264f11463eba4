/** Measures a complete training run in a separate process. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { DatasetName } from '../data/dataset.ts';
import type { Device } from '../engine/device.ts';
import type { EngineName, Precision } from '../engine/offers.ts';
import { RunError, requireRunning } from '../errors.ts';

export interface RunResult {
  /** The time from the start of the process to the line of the first step. */
  readonly firstStepSeconds: number;
  /** The rate between the first and the last line of a step, including waiting for input and saving. */
  readonly imagesPerSecond: number;
  /** The peak resident memory of the process in bytes, after a tenth of the steps and at the end. Both are 0 on systems other
   * than Linux. */
  readonly earlyPeakBytes: number;
  readonly peakBytes: number;
}

/** The options of the measured run, under their names in the library. */
export interface RunOptions {
  readonly dataset: DatasetName;
  readonly dataDir: string;
  readonly trainDir: string;
  readonly engine: EngineName;
  readonly precision: Precision;
  readonly device: Device;
  readonly batchSize: number;
  readonly maxSteps: number;
  readonly recipe?: string;
  readonly network?: string;
  readonly width?: number;
}

/** Runs training in a separate process and measures it.
 * @param words the arguments of Node.js: the program, its command and flags
 * @throws RunError when the process fails
 * @throws StoppedError when the signal ends it */
export async function measureRun(
  words: readonly string[],
  { batchSize, maxSteps }: RunOptions,
  signal?: AbortSignal,
): Promise<RunResult> {
  const started = performance.now();
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  const stop = () => child.kill();
  signal?.addEventListener('abort', stop, { once: true });
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  let [firstAt, firstStep, lastAt, lastStep] = [0, 0, 0, 0];
  let [early, peak] = [0, 0];
  for await (const line of createInterface({ input: child.stdout })) {
    const step = /: step (\d+), loss = /.exec(line)?.[1];
    if (step === undefined) continue;
    lastAt = performance.now();
    lastStep = Number(step);
    if (firstAt === 0) [firstAt, firstStep] = [lastAt, lastStep];
    peak = await peakBytes(child.pid);
    if (lastStep <= maxSteps / 10) early = peak;
  }
  const code = await exit;
  signal?.removeEventListener('abort', stop);
  requireRunning(signal);
  if (code !== 0) throw new RunError(`cifar10 ${words.slice(1).join(' ')} exited with code ${code}`);
  return {
    firstStepSeconds: (firstAt - started) / 1e3,
    imagesPerSecond: ((lastStep - firstStep) * batchSize) / ((lastAt - firstAt) / 1e3),
    earlyPeakBytes: early,
    peakBytes: peak,
  };
}

async function peakBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}
