/** Reads a piece of a `metrics.jsonl`, for runs whose event files were not copied. */
import { closeSync, readSync } from 'node:fs';
import { fieldsOfLine } from '../../disk/json-lines.ts';
import { openRegularFileSync } from '../../disk/regular-file.ts';
import type { Piece, PieceRequest } from './piece.ts';
import { Series } from './series.ts';

const pieceBytes = 16 << 20;
const newline = 0x0a;

/** Only complete lines are read. Lines that are not JSON objects with a step are skipped.
 * @throws the error of the operating system, or UnsuitableFileError */
export function readMetricsPiece({ path, from }: PieceRequest): Piece {
  const descriptor = openRegularFileSync(path, { links: 'refuse' });
  try {
    const buffer = Buffer.alloc(pieceBytes);
    const length = readSync(descriptor, buffer, 0, pieceBytes, from);
    const end = buffer.lastIndexOf(newline, length - 1) + 1;
    const isFull = length === pieceBytes;
    // A line that is longer than a piece is skipped.
    const next = end === 0 && isFull ? pieceBytes : end;
    const series = new Map<string, Series>();
    if (length > 0) for (const line of buffer.toString('utf8', 0, end).split('\n')) takeLine(line, series);
    return {
      ...{ end: from + next, isAll: !isFull, state: undefined, discardFrom: null },
      scalars: [...series].map(([tag, { points }]) => ({
        tag,
        steps: points.steps.slice(),
        times: points.times.slice(),
        values: points.values.slice(),
      })),
      ...{ located: [], plugins: [], hyperparameters: null, hasEnded: false, damages: [] },
    };
  } finally {
    closeSync(descriptor);
  }
}

function takeLine(line: string, series: Map<string, Series>): void {
  const fields = fieldsOfLine(line);
  const { step, time, ...values } = fields;
  if (typeof step !== 'number') return;
  const seconds = typeof time === 'string' ? Date.parse(time) / 1000 : 0;
  for (const [tag, value] of Object.entries(values)) {
    if (typeof value !== 'number' && value !== null) continue;
    const known = series.get(tag) ?? new Series();
    series.set(tag, known);
    known.add(step, Number.isFinite(seconds) ? seconds : 0, value ?? Number.NaN);
  }
}
