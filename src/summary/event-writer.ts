/** Writes the event files of a run while it is running. Readers can read them at any time. */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { writeAdvice } from '../disk/writable.ts';
import { messageOf, RunError } from '../errors.ts';
import { type EventContent, fileVersion } from './event.ts';
import { encodeEvent } from './event-encode.ts';
import { newEventFileName } from './event-file-name.ts';
import { GrowingFile } from './growing-file.ts';
import { frameRecord } from './record-file.ts';

export interface EventWriterOptions {
  /** The folder of the run. It is created if it is missing. */
  readonly dir: string;
  /** The first step that will be written: 0, or the step of a resumed run. Readers discard the points that earlier files
   * have at this step or later. If undefined, nothing is discarded. */
  readonly startStep?: number;
  /** Called once, on the first write error. The caller decides whether the run continues without summaries: the writer never
   * throws, and tries again to write what it has buffered. */
  readonly onError: (error: RunError) => void;
  /** The number of seconds between flushes. Default: 5. */
  readonly flushSeconds?: number;
  /** The maximum size of a file in bytes, unless a single flush is larger. Default: 256 MiB. */
  readonly maxFileBytes?: number;
  /** The clock, in seconds since 1970. */
  readonly now?: () => number;
}

/** A flush is made when this many bytes are buffered. */
const flushBytes = 4 << 20;
/** The maximum number of bytes to buffer while nothing can be written. Later events are lost. */
const keptBytes = 64 << 20;

/**
 * The event files of one session of a run. Every file begins with its version. In the first file of a session, a START event
 * follows the version. A new run needs it too: TensorBoard's server regards the first START of a run as its beginning, and
 * only the later ones as signs that the run was resumed (tensorboard/backend/event_processing/plugin_event_accumulator.py).
 * Files of earlier sessions are never modified.
 *
 * TensorBoard's faster default server ignores START events. When a tag is written again at some step, that server discards
 * the earlier points of the tag at that step and after it (tensorboard/data/server/reservoir.rs). A resumed run should
 * therefore write the same tags at the same steps as before.
 */
export class EventWriter {
  readonly #options: EventWriterOptions;
  readonly #timer: NodeJS.Timeout;
  #file: GrowingFile;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #lostEvents = 0;
  #hasReported = false;
  #isClosed = false;

  /** @throws RunError when the folder or the file in it cannot be created */
  constructor(options: EventWriterOptions) {
    this.#options = options;
    try {
      mkdirSync(options.dir, { recursive: true });
      this.#file = this.#newFile();
    } catch (error) {
      throw new RunError(
        `${options.dir}: cannot create an event file (${messageOf(error)}). Check that the folder is writable.`,
        { cause: error },
      );
    }
    this.#startWithVersion();
    if (options.startStep !== undefined) this.add({ kind: 'session', status: 'START' }, options.startStep);
    this.flush();
    this.#timer = setInterval(() => this.flush(), (options.flushSeconds ?? 5) * 1000).unref();
  }

  /** The path of the current file. */
  get path(): string {
    return this.#file.path;
  }

  /** How many events were lost because the buffer was full. */
  get lostEvents(): number {
    return this.#lostEvents;
  }

  /** Adds an event, which the next flush writes. After `close`, events are ignored. */
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

  /** Writes the buffer. When this method has returned, these events survive a kill of the process. */
  flush(): void {
    if (this.#isClosed || this.#waiting.length === 0) return;
    try {
      if (this.#isFull()) this.#rotate();
      this.#file.append(Buffer.concat(this.#waiting));
      this.#waiting = [];
      this.#waitingBytes = 0;
    } catch (error) {
      this.#report(error);
    }
  }

  /** Writes the buffer and ends the session. It is synchronous, so it can be called on process exit, and it may be called
   * repeatedly. */
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

  /** Continues in a new file. Readers combine the files of a folder, so the new file needs only a version. */
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

  #report(error: unknown): void {
    if (this.#hasReported) return;
    this.#hasReported = true;
    this.#options.onError(
      new RunError(
        `${this.path}: summaries cannot be written (${messageOf(error)}). ${writeAdvice(error)} Up to ` +
          `${keptBytes >> 20} MiB of events are kept, and every flush tries to write them again.`,
      ),
    );
  }
}
