/** `metrics.jsonl`: the scalars of every summary as one JSON object a line, for whoever has no TensorBoard. */
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
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
  #waiting = '';
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
    const line = `${JSON.stringify({ time: new Date().toISOString(), step, ...Object.fromEntries(scalars) })}\n`;
    if (this.#waiting.length + line.length <= keptLength) this.#waiting += line;
    this.flush();
  }

  /** Tries again what could not be written. */
  flush(): void {
    try {
      if (!this.#isCleared) keepBefore(this.#path, this.#startStep);
      this.#isCleared = true;
      if (this.#waiting !== '') appendWhole(this.#path, this.#waiting);
      this.#waiting = '';
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

/** All of the text, or the file is as it was: no line is cut where the disk is full for a while. */
function appendWhole(path: string, text: string): void {
  const descriptor = openSync(path, 'a');
  const { size } = fstatSync(descriptor);
  try {
    writeFileSync(descriptor, text);
  } catch (error) {
    ftruncateSync(descriptor, size);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

function keepBefore(path: string, startStep: number): void {
  if (!existsSync(path)) return;
  const text = readFileSync(path, 'utf8');
  const kept = text.split('\n').filter((line) => stepOf(line) < startStep);
  const now = kept.map((line) => `${line}\n`).join('');
  if (now === text) return;
  const aside = `${path}.tmp`;
  try {
    writeFileSync(aside, now);
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
