/** Measures a complete training run in a process of its own. */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { RunError, requireRunning } from '../errors.ts';

export interface RunResult {
  /** From process start to the line of the first step. */
  readonly firstStepSeconds: number;
  /** Between the first and the last line of a step, including waiting for input and saving. */
  readonly imagesPerSecond: number;
  /** Peak resident memory of the process in bytes, after a tenth of the steps and at the end (on Linux; else 0). */
  readonly earlyPeakBytes: number;
  readonly peakBytes: number;
}

/** Runs `cifar10 train` and measures it.
 * @param program path of the built command-line program */
export async function measureRun(
  program: string,
  flags: readonly string[],
  batchSize: number,
  steps: number,
  signal?: AbortSignal,
): Promise<RunResult> {
  const started = performance.now();
  const words = ['train', ...flags, '--batch-size', String(batchSize), '--max-steps', String(steps)];
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
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
    if (lastStep <= steps / 10) early = peak;
  }
  const code = await exit;
  signal?.removeEventListener('abort', stop);
  requireRunning(signal);
  if (code !== 0) throw new RunError(`cifar10 ${words.join(' ')} exited with code ${code}`);
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
