/** `metrics.jsonl`: the scalars of every summary as one JSON object a line, for programs other than TensorBoard. */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { appendLinesSync, readLinesSync } from '../disk/json-lines.ts';
import { messageOf, RunError } from '../errors.ts';
import type { SummaryValue } from './event.ts';

/** Name of the file in the folder of a run. */
export const metricsFileName = 'metrics.jsonl';
/** While nothing can be written, lines of so many characters are kept; what comes then is lost. */
const keptLength = 4 << 20;

export class MetricsFile {
  readonly #path: string;
  readonly #startStep: number;
  readonly #onError: (error: RunError) => void;
  #isCleared = false;
  #waiting: string[] = [];
  #waitingLength = 0;
  #isTold = false;

  /** Goes on with the file of the run that is resumed at this step: lines from there on are taken away, for they come
   * again, and so is a last line that was cut.
   * @param onError told the first time that something cannot be written; what waits is tried again with the next line */
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

  /** Tries again what could not be written. */
  flush(): void {
    try {
      if (!this.#isCleared) keepBefore(this.#path, this.#startStep);
      this.#isCleared = true;
      if (this.#waiting.length > 0) appendLinesSync(this.#path, this.#waiting);
      this.#waiting = [];
      this.#waitingLength = 0;
    } catch (error) {
      this.#tell(error);
    }
  }

  #tell(error: unknown): void {
    if (this.#isTold) return;
    this.#isTold = true;
    const what = `${this.#path}: metrics cannot be written (${messageOf(error)})`;
    this.#onError(new RunError(`${what}. Check that the disk has room: what waits is tried again.`));
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

/** The step of a line; one that cannot be read is of no step that is kept. */
function stepOf(line: string): number {
  try {
    return Number((JSON.parse(line) as { readonly step: unknown }).step);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
