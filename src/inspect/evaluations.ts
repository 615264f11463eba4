/** Reads the results in an `evaluations.jsonl` file, with one row per evaluation. */
import { basename, dirname } from 'node:path';
import { readLines } from '../disk/json-lines.ts';
import { messageOf, RunError } from '../errors.ts';
import { evaluationsFile } from '../evaluation/evaluation-log.ts';
import { oneLine } from '../wording.ts';
import type { Findings } from './findings.ts';

/** The result of one evaluation. A value is null if the line does not contain it. */
export interface EvaluationRow {
  /** The time in ISO 8601. */
  readonly time: string | null;
  /** The path of the checkpoint. */
  readonly checkpoint: string | null;
  readonly globalStep: number | null;
  readonly evalData: string | null;
  readonly weights: string | null;
  readonly correct: number | null;
  readonly total: number | null;
  readonly precision: number | null;
}

export function isEvaluationsFile(path: string): boolean {
  return basename(path) === evaluationsFile;
}

/** @throws RunError when the file cannot be read, or contains no evaluations */
export async function* inspectEvaluations(path: string): Findings {
  const rows = (await linesOf(path)).flatMap(rowOf);
  if (rows.length === 0) throw new RunError(`${oneLine(path)}: contains no evaluations`);
  yield { kind: 'evaluations', path, rows };
}

async function linesOf(path: string): Promise<readonly string[]> {
  try {
    return await readLines(path);
  } catch (error) {
    throw new RunError(`${oneLine(path)}: cannot be read (${oneLine(messageOf(error))})`, { cause: error });
  }
}

/** Returns a list with the row of a line, or an empty list if the line is not a JSON object with a precision. */
function rowOf(line: string): readonly EvaluationRow[] {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return [];
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const text = (name: string): string | null => {
    const field: unknown = Reflect.get(value, name);
    return typeof field === 'string' ? field : null;
  };
  const number = (name: string): number | null => {
    const field: unknown = Reflect.get(value, name);
    return typeof field === 'number' ? field : null;
  };
  if (number('precision') === null) return [];
  return [
    {
      ...{ time: text('time'), checkpoint: text('checkpoint'), globalStep: number('globalStep') },
      ...{ evalData: text('evalData'), weights: text('weights') },
      ...{ correct: number('correct'), total: number('total'), precision: number('precision') },
    },
  ];
}

/** Returns the name of the run of a checkpoint, which is the name of the folder of the checkpoint. */
export function runOf({ checkpoint }: EvaluationRow): string {
  return checkpoint === null ? '-' : basename(dirname(checkpoint)) || '-';
}
