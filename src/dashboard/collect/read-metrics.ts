/** Reads a piece of a `metrics.jsonl`, for runs whose event files were not copied. */
import { closeSync, fstatSync, readSync } from 'node:fs';
import { fieldsOfLine } from '../../disk/json-lines.ts';
import { openRegularFileSync } from '../../disk/regular-file.ts';
import { emptyPiece, type Piece, type PieceRequest } from './piece.ts';
import { LineScanner } from './scan-line.ts';
import { Series } from './series.ts';

const pieceBytes = 16 << 20;
const newline = 0x0a;

/** Only complete lines are read. Lines that are not JSON objects with a step are skipped.
 * @throws the error of the operating system, or UnsuitableFileError */
export function readMetricsPiece({ path, from }: PieceRequest): Piece {
  const descriptor = openRegularFileSync(path, { links: 'refuse' });
  try {
    const left = Math.max(0, fstatSync(descriptor).size - from);
    const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, left));
    const length = readSync(descriptor, buffer, 0, buffer.length, from);
    const end = length === 0 ? 0 : buffer.lastIndexOf(newline, length - 1) + 1;
    const isFull = length === pieceBytes;
    const lines = new MetricsLines();
    lines.take(buffer.subarray(0, end));
    // A line that is longer than a piece is skipped.
    return {
      ...emptyPiece,
      end: from + (end === 0 && isFull ? pieceBytes : end),
      isAll: !isFull,
      scalars: lines.scalars,
    };
  } finally {
    closeSync(descriptor);
  }
}

/** Collects the values of lines by tag. */
export class MetricsLines {
  readonly #series = new Map<string, Series>();

  get scalars(): Piece['scalars'] {
    return [...this.#series].map(([tag, { points }]) => ({
      tag,
      steps: points.steps.slice(),
      times: points.times.slice(),
      values: points.values.slice(),
    }));
  }

  /** Takes whole lines: the last byte is a newline. */
  take(bytes: Buffer): void {
    const scanner = new LineScanner(bytes);
    for (let at = 0; at < bytes.length; ) {
      const next = scanner.scan(at, bytes.length);
      if (next > 0) {
        this.#takeScanned(scanner);
        at = next;
        continue;
      }
      const end = bytes.indexOf(newline, at);
      this.#takeText(bytes.toString('utf8', at, end));
      at = end + 1;
    }
  }

  #takeScanned({ step, time, count, keys, values }: LineScanner): void {
    if (Number.isNaN(step)) return;
    for (let index = 0; index < count; index++)
      this.#seriesOf(keys[index]?.name ?? '').add(step, time, values[index] as number);
  }

  #takeText(line: string): void {
    const fields = fieldsOfLine(line);
    const { step, time, ...values } = fields;
    if (typeof step !== 'number') return;
    const seconds = typeof time === 'string' ? Date.parse(time) / 1000 : 0;
    for (const [tag, value] of Object.entries(values)) {
      if (typeof value !== 'number' && value !== null) continue;
      this.#seriesOf(tag).add(step, Number.isFinite(seconds) ? seconds : 0, value ?? Number.NaN);
    }
  }

  #seriesOf(tag: string): Series {
    const known = this.#series.get(tag);
    if (known !== undefined) return known;
    const made = new Series();
    this.#series.set(tag, made);
    return made;
  }
}
