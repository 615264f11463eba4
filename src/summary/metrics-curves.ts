/** Curves from a `metrics.jsonl`, of which only a part is in memory at any time. */
import { fieldsOfLine } from '../disk/json-lines.ts';
import { openRegularFile } from '../disk/regular-file.ts';
import { errorCode } from '../errors.ts';

/** The number of bytes that are read. The rest of a larger file is ignored. */
const mostBytes = 1 << 28;

export interface MetricsPoint {
  readonly step: number;
  readonly value: number;
}

/** Returns the points of each tag up to a step, in the order of the file. Lines that are not JSON are skipped. If the file does
 * not exist, there are no points.
 * @throws the error of the operating system, or UnsuitableFileError */
export async function readCurves(
  path: string,
  tags: readonly string[],
  lastStep: number,
): Promise<ReadonlyMap<string, readonly MetricsPoint[]>> {
  const curves = new Map<string, MetricsPoint[]>(tags.map((tag) => [tag, []]));
  for await (const lines of linesOf(path)) for (const line of lines) takePoints(line, curves, lastStep);
  return curves;
}

/** Yields the lines of a file, piece by piece. (A promise for each line would take a minute for a million empty lines.) */
async function* linesOf(path: string): AsyncGenerator<readonly string[], void, undefined> {
  let file: Awaited<ReturnType<typeof openRegularFile>>;
  try {
    file = await openRegularFile(path, { links: 'refuse' });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  try {
    const pieces = file.createReadStream({ end: mostBytes, autoClose: false, encoding: 'utf8' });
    // The parts of the line that is not complete yet.
    let rest: string[] = [];
    for await (const piece of pieces) {
      const [first = '', ...more] = String(piece).split('\n');
      rest.push(first);
      const last = more.pop();
      if (last === undefined) continue;
      yield [rest.join(''), ...more];
      rest = [last];
    }
    yield [rest.join('')];
  } finally {
    await file.close();
  }
}

function takePoints(line: string, curves: ReadonlyMap<string, MetricsPoint[]>, lastStep: number): void {
  const fields = fieldsOfLine(line);
  const step = fields['step'];
  if (typeof step !== 'number' || step > lastStep) return;
  for (const [tag, points] of curves) {
    const value = fields[tag];
    if (typeof value === 'number') points.push({ step, value });
  }
}
