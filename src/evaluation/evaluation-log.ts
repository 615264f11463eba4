/** The log of an evaluation folder: the `evaluations.jsonl` file, with one line per evaluation, in order. The program also
 * reads the log to avoid repeating evaluations. */
import { join, resolve } from 'node:path';
import { appendLines, readLines } from '../disk/json-lines.ts';
import { cannotBeWritten, makeFolder, removeEmpty } from '../disk/writable.ts';
import { testTimeChoices } from '../input/test-time.ts';

/** Identifies an evaluation. */
export interface EvaluationKey {
  /** The path of the checkpoint file. Its step and modification time are needed too, because a new run may write a file with
   * the same name. */
  readonly checkpoint: string;
  readonly globalStep: number;
  readonly modified: number;
  readonly evalData: string;
  /** The data that was requested instead of that of the checkpoint, or null. */
  readonly otherData: string | null;
  readonly weights: string;
  /** The maximum number of images to score. */
  readonly numExamples: number;
  /** The test-time augmentation, or undefined for none. */
  readonly tta?: string | undefined;
  /** Whether the evaluation wrote files with every prediction. */
  readonly report: boolean;
}

export class EvaluationLog {
  readonly #dir: string;
  readonly #known: Set<string>;
  /** The folders that were created for the log. */
  readonly #created: readonly string[];

  private constructor(dir: string, known: Set<string>, created: readonly string[]) {
    this.#dir = dir;
    this.#known = known;
    this.#created = created;
  }

  /** Opens the log in a folder: creates the folder if necessary, checks that it can be written, and reads the earlier lines.
   * @throws RunError when the folder cannot be written, or the log cannot be read */
  static async open(dir: string): Promise<EvaluationLog> {
    const created = await makeFolder(dir, 'evalDir');
    try {
      return new EvaluationLog(
        dir,
        new Set((await readLines(evaluationLogIn(dir))).flatMap(keyOfLine)),
        created,
      );
    } catch (error) {
      throw cannotBeWritten(dir, 'evalDir', error, evaluationLogIn(dir));
    }
  }

  /** Removes the folders that were created for the log, if nothing was written to them. */
  async close(): Promise<void> {
    await removeEmpty(this.#created);
  }

  get file(): string {
    return evaluationLogIn(this.#dir);
  }

  /** Whether this evaluation is in the log. An evaluation that wrote a report also counts as one without a report,
   * and one with test-time augmentation as one without it. */
  has(key: EvaluationKey): boolean {
    const kinds = key.tta === undefined ? [undefined, ...testTimeChoices] : [key.tta];
    return kinds.some((tta) =>
      [key.report, true].some((report) => this.#known.has(textOf({ ...key, tta, report }))),
    );
  }

  /** Appends a line to the log with the key and the result of an evaluation.
   * @throws RunError when the line cannot be written */
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

export const evaluationsFile = 'evaluations.jsonl';

/** Returns the path of the log of an evaluation folder. */
export function evaluationLogIn(dir: string): string {
  return join(dir, evaluationsFile);
}

/** Returns a list with the key of a line, as text. The list is empty for an incomplete line, and for a line of an older
 * version, which lacks the modification time. */
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
  // Lines of older versions lack the requested data.
  const { otherData = null } = key;
  const part = [evalData, otherData, weights, numExamples, report];
  const augmented = key.tta === undefined ? [] : [key.tta];
  return JSON.stringify([resolve(checkpoint), globalStep, modified, ...part, ...augmented]);
}
