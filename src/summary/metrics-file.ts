/** `metrics.jsonl`: the scalars of every summary as one JSON object a line, for whoever has no TensorBoard. */
import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, RunError } from '../errors.ts';
import type { SummaryValue } from './event.ts';

/** Name of the file in the folder of a run. */
export const metricsFileName = 'metrics.jsonl';

export class MetricsFile {
  readonly #path: string;
  readonly #onError: (error: RunError) => void;
  #isTold = false;

  /** Goes on with the file of the run that is resumed at this step: lines from there on are taken away, for they come
   * again, and so is a last line that was cut.
   * @param onError told the first time that something cannot be written */
  constructor(dir: string, startStep: number | undefined, onError: (error: RunError) => void) {
    this.#path = join(dir, metricsFileName);
    this.#onError = onError;
    this.#try(() => keepBefore(this.#path, startStep ?? Number.POSITIVE_INFINITY));
  }

  add(step: number, values: readonly SummaryValue[]): void {
    const scalars = values.flatMap((value) =>
      value.kind === 'scalar' ? [[value.tag, value.value] as const] : [],
    );
    if (scalars.length === 0) return;
    const line = { time: new Date().toISOString(), step, ...Object.fromEntries(scalars) };
    this.#try(() => appendFileSync(this.#path, `${JSON.stringify(line)}\n`));
  }

  #try(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (this.#isTold) return;
      this.#isTold = true;
      const what = `${this.#path}: metrics cannot be written (${messageOf(error)})`;
      this.#onError(new RunError(`${what}. Check that the disk has room.`));
    }
  }
}

function keepBefore(path: string, startStep: number): void {
  if (!existsSync(path)) return;
  const text = readFileSync(path, 'utf8');
  const kept = text.split('\n').filter((line) => stepOf(line) < startStep);
  const now = kept.map((line) => `${line}\n`).join('');
  if (now === text) return;
  writeFileSync(`${path}.tmp`, now);
  renameSync(`${path}.tmp`, path);
}

/** The step of a line; one that cannot be read is of no step that is kept. */
function stepOf(line: string): number {
  try {
    return Number((JSON.parse(line) as { readonly step: unknown }).step);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
