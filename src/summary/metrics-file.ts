/** `metrics.jsonl` contains the scalars of every summary, one JSON object per line, for programs other than TensorBoard. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { appendLinesSync, readLinesSync } from '../disk/json-lines.ts';
import { writeAdvice } from '../disk/writable.ts';
import { messageOf, RunError } from '../errors.ts';
import type { SummaryValue } from './event.ts';

/** The name of the file in the folder of a run. */
export const metricsFileName = 'metrics.jsonl';
/** The maximum number of characters to buffer while nothing can be written. Later lines are lost. */
const keptLength = 4 << 20;

export class MetricsFile {
  readonly #path: string;
  readonly #startStep: number;
  readonly #onError: (error: RunError) => void;
  #isCleared = false;
  #waiting: string[] = [];
  #waitingLength = 0;
  #hasReported = false;

  /** Opens the file of a run that starts or resumes at this step. Removes the lines of this step and later ones, which will
   * be written again, and an incomplete last line.
   * @param onError called once, on the first write error; writing the buffered lines is retried together with the next line */
  constructor(dir: string, startStep: number | undefined, onError: (error: RunError) => void) {
    this.#path = join(dir, metricsFileName);
    this.#startStep = startStep ?? Number.POSITIVE_INFINITY;
    this.#onError = onError;
    this.flush();
  }

  add(step: number, values: readonly SummaryValue[]): void {
    const scalars = values.flatMap((value) =>
      value.kind === 'scalar' ? [[value.tag, value.value] as const] : [],
    );
    if (scalars.length === 0) return;
    const line = JSON.stringify({ time: new Date().toISOString(), step, ...Object.fromEntries(scalars) });
    this.#waitingLength += line.length;
    if (this.#waitingLength <= keptLength) this.#waiting.push(line);
    this.flush();
  }

  /** Tries again to write the buffered lines. */
  flush(): void {
    try {
      if (!this.#isCleared) keepBefore(this.#path, this.#startStep);
      this.#isCleared = true;
      if (this.#waiting.length > 0) appendLinesSync(this.#path, this.#waiting);
      this.#waiting = [];
      this.#waitingLength = 0;
    } catch (error) {
      this.#report(error);
    }
  }

  #report(error: unknown): void {
    if (this.#hasReported) return;
    this.#hasReported = true;
    const what = `${this.#path}: metrics cannot be written (${messageOf(error)})`;
    this.#onError(new RunError(`${what}. ${writeAdvice(error)} Writing is retried with the next summary.`));
  }
}

function keepBefore(path: string, startStep: number): void {
  const lines = readLinesSync(path);
  const kept = lines.filter((line) => stepOf(line) < startStep);
  if (kept.length === lines.length) return;
  const aside = `${path}.tmp`;
  try {
    rmSync(aside, { force: true });
    writeFileSync(aside, kept.map((line) => `${line}\n`).join(''), { flag: 'wx' });
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
}

/** Returns the step of a line, or infinity for a line that cannot be read, so that the line is never kept. */
function stepOf(line: string): number {
  try {
    return Number((JSON.parse(line) as { readonly step: unknown }).step);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
