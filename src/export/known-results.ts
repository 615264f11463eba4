/** Finds the results of a checkpoint in the log of an evaluation folder, for the model card. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readLines } from '../disk/json-lines.ts';
import { evaluationsFile } from '../evaluation/evaluation-log.ts';
import { finiteNumber, json, record, text, wholeNumber } from '../readers.ts';
import type { TrainedNetwork } from './trained-network.ts';

/** The result of one evaluation. */
export interface KnownResult {
  readonly dataset: string;
  /** The images that were scored, such as `test`. */
  readonly evalData: string;
  readonly weights: string;
  readonly correct: number;
  readonly total: number;
}

interface LogLine extends KnownResult {
  readonly checkpoint: string;
  readonly modified: number;
}

const readLine = json(
  record<LogLine>({
    checkpoint: text,
    modified: finiteNumber,
    dataset: text,
    evalData: text,
    weights: text,
    correct: wholeNumber(0),
    total: wholeNumber(1),
  }),
);

/** Returns the newest result for each kind of images, of the exported weights. Results of other files are left out, and so are
 * lines that cannot be read: the card is only complete without them.
 * @param evalDir the folder of evaluation results */
export async function knownResults(
  evalDir: string | undefined,
  { path, weights }: Pick<TrainedNetwork, 'path' | 'weights'>,
): Promise<readonly KnownResult[]> {
  if (evalDir === undefined) return [];
  const modified = (await stat(path)).mtimeMs;
  const lines = await readLines(join(evalDir, evaluationsFile)).catch(() => []);
  const found = new Map<string, KnownResult>();
  for (const line of lines) {
    const result = readOrNothing(line);
    if (result === undefined || result.modified !== modified || result.weights !== weights) continue;
    if (resolve(result.checkpoint) !== resolve(path)) continue;
    const known = found.get(result.evalData);
    if (known === undefined || result.total >= known.total) found.set(result.evalData, result);
  }
  return [...found.values()];
}

function readOrNothing(line: string): LogLine | undefined {
  try {
    return readLine(line, evaluationsFile);
  } catch {
    return undefined;
  }
}
