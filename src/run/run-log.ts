/**
 * The log of a run: a file in its folder with the lines that the command prints. Lines of several runs in the same folder follow each
 * other. The file is opened once, while the folder is locked, and only whole lines are appended, so that a killed process leaves at most
 * one incomplete line, which the next run ends. Writing never blocks the thread: a disk may hang.
 */
import { type FileHandle, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openForAppend } from '../disk/regular-file.ts';
import { messageOf, RunError } from '../errors.ts';
import { printable } from '../wording.ts';

export const logFileName = 'train.log';
/** The older part of a log that became too large. */
export const oldLogFileName = 'train.log.old';

export interface RunLogOptions {
  /** Called with the first error. The rest is not logged. */
  readonly onError: (error: RunError) => void;
  /** The size at which the file becomes the older part, in bytes. Default: 16 MiB. */
  readonly mostBytes?: number;
}

const defaultMostBytes: number = 16 << 20;
/** Lines are written together after this time. */
const gatherMillis = 250;
/** The lines that may wait for a slow disk, and before the log is open. More of them are lost. */
const mostWaiting = 20_000;
/** How long `close` waits for a disk. */
const closeMillis = 500;
const newline = 0x0a;

export class RunLog {
  readonly #onError: (error: RunError) => void;
  readonly #mostBytes: number;
  #path = '';
  #file: FileHandle | undefined;
  #size = 0;
  #waiting: string[] = [];
  #writing: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #hasEnded = false;

  constructor({ onError, mostBytes = defaultMostBytes }: RunLogOptions) {
    this.#onError = onError;
    this.#mostBytes = mostBytes;
  }

  /** Adds a text of one or more lines, which is written soon, once the log is open. */
  add(text: string): void {
    if (this.#hasEnded || this.#waiting.length >= mostWaiting) return;
    this.#waiting.push(`${printable(text)}\n`);
    if (this.#file !== undefined) this.#timer ??= setTimeout(() => void this.#flush(), gatherMillis).unref();
  }

  /** Begins to write to the file in a folder, which this process has locked. */
  async open(folder: string): Promise<void> {
    this.#path = join(folder, logFileName);
    try {
      await this.#openFile();
    } catch (error) {
      this.#fail(error);
    }
    void this.#flush();
  }

  /** Writes what is left, unless the disk hangs, and closes the file. A log that was not opened is not written. */
  async close(): Promise<void> {
    const isWritten = this.#flush().then(() => this.#file?.close());
    this.#hasEnded = true;
    await Promise.race([isWritten, sleep(closeMillis, undefined, { ref: false })]).catch(() => undefined);
  }

  async #openFile(): Promise<void> {
    const file = await openForAppend(this.#path);
    this.#file = file;
    const { size } = await file.stat();
    this.#size = size;
    const last = new Uint8Array(1);
    if (size > 0) await file.read(last, 0, 1, size - 1);
    if (size > 0 && last[0] !== newline) this.#waiting.unshift('\n');
  }

  /** Writes the lines that wait, after those that are being written. */
  #flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write()).catch((error: unknown) => this.#fail(error));
    return this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#file === undefined || this.#waiting.length === 0) return;
    const bytes = Buffer.from(this.#waiting.join(''));
    this.#waiting = [];
    if (this.#size > 0 && this.#size + bytes.length > this.#mostBytes) {
      await rename(this.#path, join(dirname(this.#path), oldLogFileName));
      await this.#file.close();
      await this.#openFile();
    }
    await this.#file.appendFile(bytes);
    this.#size += bytes.length;
  }

  #fail(error: unknown): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#waiting = [];
    const what = `${this.#path}: the log cannot be written (${messageOf(error)}). The run continues without it.`;
    this.#onError(new RunError(what, { cause: error }));
  }
}
