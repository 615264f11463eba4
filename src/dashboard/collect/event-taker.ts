/** Takes events out of a buffer: the usual ones without decoding them, the others as `summary/` does. */
import { maskedCrc32c } from '../../crc32c.ts';
import type { SummaryEvent } from '../../summary/event.ts';
import { EventDecoder } from '../../summary/event-decode.ts';
import { Collected } from './collected.ts';
import { EventScanner } from './scan-event.ts';

/** The bytes before and after the data of a record. */
export const headBytes = 12;
export const tailBytes = 4;

/** What is known about a file after a piece of it. */
export interface FileState {
  /** The version in its first record; sessions invalidate points from version 2 on. */
  readonly version: number;
  readonly plugins: readonly (readonly [string, string])[];
}

export class EventTaker {
  readonly decoder: EventDecoder;
  readonly scanner: EventScanner = new EventScanner();
  readonly collected: Collected;

  constructor({ version, plugins }: FileState) {
    this.decoder = new EventDecoder(plugins);
    this.collected = new Collected(version);
  }

  /** Takes the event between two positions of the buffer that the scanner uses.
   * @param offset the position of its record in the file
   * @throws RunError when it cannot be decoded */
  take(buffer: Uint8Array, from: number, to: number, offset: number): void {
    this.collected.begin(offset);
    if (this.scanner.scan(from, to, this.collected)) {
      this.collected.commit(this.scanner.step, this.scanner.wallTime);
      return;
    }
    this.#takeDecoded(
      this.decoder.decode(Uint8Array.from(buffer.subarray(from, to)), `byte ${offset}`),
      offset,
    );
  }

  #takeDecoded({ step, wallTime, content }: SummaryEvent, offset: number): void {
    this.collected.begin(offset);
    if (content.kind === 'version') this.collected.setVersion(content.version);
    if (content.kind === 'session' && content.status === 'START') this.collected.startSession(step);
    if (content.kind !== 'summary') return;
    for (const value of content.values) {
      const tag = this.scanner.tagNamed(value.tag);
      if (value.kind === 'scalar') this.collected.scalar(tag, value.value);
      if (value.kind === 'histogram') this.collected.histogram(tag);
      if (value.kind === 'image') this.collected.image(tag, value.image.width, value.image.height);
      if (value.kind === 'plugin') this.collected.plugin(value);
    }
    this.collected.commit(step, wallTime);
  }
}

/** The end of the data of the record at a position of a buffer, `short` if the buffer does not contain all of it, or `damaged`. */
export function endOfRecord(buffer: Uint8Array, view: DataView, at: number): number | 'short' | 'damaged' {
  const start = at + headBytes;
  if (start > buffer.length) return 'short';
  if (maskedCrc32c(buffer, at, at + 8) !== view.getUint32(at + 8, true)) return 'damaged';
  const end = start + view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
  if (end + tailBytes > buffer.length) return 'short';
  return maskedCrc32c(buffer, start, end) === view.getUint32(end, true) ? end : 'damaged';
}
