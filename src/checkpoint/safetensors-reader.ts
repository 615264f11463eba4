/** Reads parts of a safetensors file of any size. */
import type { FileHandle } from 'node:fs/promises';
import { openRegularFile } from '../disk/regular-file.ts';
import { messageOf, RunError } from '../errors.ts';
import { oneLine } from '../wording.ts';
import { readSafetensorsHeader } from './safetensors.ts';
import type { SafetensorsHeader, TensorEntry } from './safetensors-header.ts';

export class SafetensorsReader {
  readonly header: SafetensorsHeader;
  readonly #file: FileHandle;
  readonly #path: string;
  readonly #payloadStart: number;

  private constructor(file: FileHandle, path: string, header: SafetensorsHeader, payloadStart: number) {
    this.header = header;
    this.#file = file;
    this.#path = path;
    this.#payloadStart = payloadStart;
  }

  /** Opens a file and reads its header. The caller closes the file.
   * @throws RunError with the file and what is wrong with it */
  static async open(path: string): Promise<SafetensorsReader> {
    const file = await orRunError(path, () => openRegularFile(path));
    try {
      const { size } = await file.stat();
      const read = (position: number, length: number) => readAt(file, path, position, length);
      const { payloadStart, ...header } = await readSafetensorsHeader(read, size, oneLine(path));
      return new SafetensorsReader(file, path, header, payloadStart);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** @throws RunError when the file cannot be read */
  async bytesOf({ begin, end }: TensorEntry): Promise<Uint8Array> {
    return readAt(this.#file, this.#path, this.#payloadStart + begin, end - begin);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function readAt(file: FileHandle, path: string, position: number, length: number): Promise<Uint8Array> {
  const { buffer, bytesRead } = await orRunError(path, () =>
    file.read(new Uint8Array(length), 0, length, position),
  );
  return buffer.subarray(0, bytesRead);
}

async function orRunError<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw new RunError(`cannot read ${oneLine(path)}: ${oneLine(messageOf(error))}`, { cause: error });
  }
}
