/** Curves from a `metrics.jsonl`, whose lines are read one at a time. */
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
  for await (const line of linesOf(path)) takePoints(line, curves, lastStep);
  return curves;
}

async function* linesOf(path: string): AsyncGenerator<string, void, undefined> {
  let file: Awaited<ReturnType<typeof openRegularFile>>;
  try {
    file = await openRegularFile(path, { links: 'refuse' });
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw error;
  }
  try {
    yield* file.readLines({ end: mostBytes, autoClose: false });
  } finally {
    await file.close();
  }
}

function takePoints(line: string, curves: ReadonlyMap<string, MetricsPoint[]>, lastStep: number): void {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return;
  }
  if (typeof fields !== 'object' || fields === null) return;
  const step: unknown = Reflect.get(fields, 'step');
  if (typeof step !== 'number' || step > lastStep) return;
  for (const [tag, points] of curves) {
    const value: unknown = Reflect.get(fields, tag);
    if (typeof value === 'number') points.push({ step, value });
  }
}
