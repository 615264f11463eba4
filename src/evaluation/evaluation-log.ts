/** `evaluations.jsonl`: a line an evaluation, added as they come. It also says what need not be done again. */
import { join, resolve } from 'node:path';
import { appendLines, readLines } from '../disk/json-lines.ts';
import { cannotBeWritten, makeFolder } from '../disk/writable.ts';

/** What makes two evaluations the same one. */
export interface EvaluationKey {
  /** Path of the file, its step and the time of its writing: a new run may write a file of that name again. */
  readonly checkpoint: string;
  readonly globalStep: number;
  readonly modified: number;
  readonly evalData: string;
  readonly weights: string;
  /** At most so many. */
  readonly numExamples: number;
  /** Whether it left files with every prediction. */
  readonly report: boolean;
}

export class EvaluationLog {
  readonly #dir: string;
  readonly #known: Set<string>;

  private constructor(dir: string, known: Set<string>) {
    this.#dir = dir;
    this.#known = known;
  }

  /** @throws RunError when the folder cannot be written: before anything is computed for it. */
  static async open(dir: string): Promise<EvaluationLog> {
    await makeFolder(dir, 'evalDir');
    try {
      return new EvaluationLog(dir, new Set((await readLines(fileIn(dir))).flatMap(keyOfLine)));
    } catch (error) {
      throw cannotBeWritten(dir, 'evalDir', error, fileIn(dir));
    }
  }

  get file(): string {
    return fileIn(this.#dir);
  }

  /** Was this done, with or, where none is asked for, without a report? */
  has(key: EvaluationKey): boolean {
    return this.#known.has(textOf(key)) || this.#known.has(textOf({ ...key, report: true }));
  }

  /** @throws RunError when it cannot be written. */
  async add(key: EvaluationKey, result: object): Promise<void> {
    const line = JSON.stringify({ time: new Date().toISOString(), ...key, ...result });
    try {
      await appendLines(this.file, [line]);
    } catch (error) {
      throw cannotBeWritten(this.#dir, 'evalDir', error, this.file);
    }
    this.#known.add(textOf(key));
  }
}

function fileIn(dir: string): string {
  return join(dir, 'evaluations.jsonl');
}

/** Nothing for a line that a kill cut short, or that an older version wrote without a time. */
function keyOfLine(line: string): readonly string[] {
  try {
    const { checkpoint, modified, ...key } = JSON.parse(line) as EvaluationKey;
    return typeof checkpoint === 'string' && typeof modified === 'number'
      ? [textOf({ ...key, checkpoint, modified })]
      : [];
  } catch {
    return [];
  }
}

function textOf(key: EvaluationKey): string {
  const { checkpoint, globalStep, modified, evalData, weights, numExamples, report } = key;
  return JSON.stringify([resolve(checkpoint), globalStep, modified, evalData, weights, numExamples, report]);
}
