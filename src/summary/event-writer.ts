/** Writes the event files of a run, while it goes on, for readers who may look at any moment. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, RunError } from '../errors.ts';
import { type EventContent, fileVersion } from './event.ts';
import { encodeEvent } from './event-encode.ts';
import { newEventFileName } from './event-file-name.ts';
import { GrowingFile } from './growing-file.ts';
import { frameRecord } from './record-file.ts';

export interface EventWriterOptions {
  /** Folder of the run, made where it is missing. */
  readonly dir: string;
  /** The first step that is written now: 0, or where a resumed run goes on. Readers forget what earlier files have at this
   * step or after it. Left out where they shall forget nothing. */
  readonly startStep?: number;
  /** Told the first time that something cannot be written, and never again. Whether a run without summaries is worth going
   * on with is for the caller to decide: the writer never throws, and tries again what it has kept. */
  readonly onError: (error: RunError) => void;
  /** Seconds between two flushes; 5 if left out. */
  readonly flushSeconds?: number;
  /** Size beyond which a file does not grow, in bytes, unless by one flush that is larger; 256 MiB if left out. */
  readonly maxFileBytes?: number;
  /** The clock, in seconds since 1970. */
  readonly now?: () => number;
}

/** Events are written at once when so many bytes wait. */
const flushBytes = 4 << 20;
/** While nothing can be written, so many bytes are kept; what comes then is lost. */
const keptBytes = 64 << 20;

/**
 * The event files of one session of a run. Every file begins with its version; the first of a session then says START,
 * also that of a new run, because TensorBoard's server takes the first START that it finds for the beginning and only
 * the others for resumed runs (tensorboard/backend/event_processing/plugin_event_accumulator.py). A file that a killed
 * session left is never touched again.
 *
 * TensorBoard's faster server, its default where it is installed, looks at no START: there a tag loses its points at a
 * step and after it when it is written at that step again (tensorboard/data/server/reservoir.rs). So a resumed run should
 * write the same tags at the same steps as the one before.
 */
export class EventWriter {
  readonly #options: EventWriterOptions;
  readonly #timer: NodeJS.Timeout;
  #file: GrowingFile;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #lostEvents = 0;
  #isTold = false;
  #isClosed = false;

  /** @throws RunError when the folder or the file in it cannot be made. */
  constructor(options: EventWriterOptions) {
    this.#options = options;
    try {
      mkdirSync(options.dir, { recursive: true });
      this.#file = this.#newFile();
    } catch (error) {
      throw new RunError(
        `${options.dir}: no event file can be made there (${messageOf(error)}). Check that the folder may be written to.`,
        { cause: error },
      );
    }
    this.#startWithVersion();
    if (options.startStep !== undefined) this.add({ kind: 'session', status: 'START' }, options.startStep);
    this.flush();
    this.#timer = setInterval(() => this.flush(), (options.flushSeconds ?? 5) * 1000).unref();
  }

  /** The file that is written now. */
  get path(): string {
    return this.#file.path;
  }

  /** How many events could not be kept until they could be written. */
  get lostEvents(): number {
    return this.#lostEvents;
  }

  /** Writes an event with the next flush. After `close` it is lost. */
  add(content: EventContent, step: number): void {
    const record = this.#record(content, step);
    if (this.#isClosed || this.#waitingBytes + record.length > keptBytes) {
      this.#lostEvents += 1;
      return;
    }
    this.#waiting.push(record);
    this.#waitingBytes += record.length;
    if (this.#waitingBytes >= flushBytes) this.flush();
  }

  /** Writes what waits. When this returns, a killed process no longer takes it along. */
  flush(): void {
    if (this.#isClosed || this.#waiting.length === 0) return;
    try {
      if (this.#isFull()) this.#rotate();
      this.#file.append(Buffer.concat(this.#waiting));
      this.#waiting = [];
      this.#waitingBytes = 0;
    } catch (error) {
      this.#tell(error);
    }
  }

  /** Writes what waits and ends the session; synchronous, so it may be called when the process exits, and again. */
  close(): void {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    this.#lostEvents += this.#waiting.length;
    clearInterval(this.#timer);
    this.#file.close();
  }

  #isFull(): boolean {
    const { maxFileBytes = 256 << 20 } = this.#options;
    return this.#file.size > 0 && this.#file.size + this.#waitingBytes > maxFileBytes;
  }

  /** Goes on in a new file. Readers put the files of a folder together, so it needs no more than the version. */
  #rotate(): void {
    const next = this.#newFile();
    this.#file.close();
    this.#file = next;
    this.#startWithVersion();
  }

  #startWithVersion(): void {
    const record = this.#record({ kind: 'version', version: fileVersion }, 0);
    this.#waiting.unshift(record);
    this.#waitingBytes += record.length;
  }

  #newFile(): GrowingFile {
    const { dir } = this.#options;
    return new GrowingFile(join(dir, newEventFileName(readdirSync(dir), this.#now())));
  }

  #record(content: EventContent, step: number): Uint8Array {
    return frameRecord(encodeEvent({ wallTime: this.#now(), step, content }));
  }

  #now(): number {
    return this.#options.now?.() ?? Date.now() / 1000;
  }

  #tell(error: unknown): void {
    if (this.#isTold) return;
    this.#isTold = true;
    this.#options.onError(
      new RunError(
        `${this.path}: summaries cannot be written (${messageOf(error)}). Check that the disk has room: what waits ` +
          `is tried again with every flush, up to ${keptBytes >> 20} MiB of it.`,
      ),
    );
  }
}
