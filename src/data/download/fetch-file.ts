/**
 * A file over HTTP, in as many attempts as it takes: what has arrived is kept in `<target>.part`, and every attempt,
 * also of a later process, continues from there (RFC 9110, section 14: range requests). Nothing is kept of an answer that
 * is not the file.
 */

import { type FileHandle, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isNativeError } from 'node:util/types';
import { openForAppend } from '../../disk/regular-file.ts';
import { cannotBeWritten, isDiskError } from '../../disk/writable.ts';
import { messageOf, RunError, StoppedError } from '../../errors.ts';
import { shownUrl } from './proxy.ts';
import { AttemptError, asAttemptError, bodyFrom, request } from './request.ts';

export interface FetchOptions {
  /** Size of the whole file. */
  readonly bytes: number;
  /** Whether these may be the first bytes of the file: of an answer that is something else nothing is kept. */
  readonly isStart?: (first: Uint8Array) => boolean;
  readonly onProgress: (received: number) => void;
  /** Called before a pause that the server asked for. */
  readonly onWait?: (text: string) => void;
  readonly signal: AbortSignal;
  /** An attempt that brings nothing for so long is given up. */
  readonly stallMillis?: number;
  /** Pause before the first new attempt; each further one is twice as long. */
  readonly pauseMillis?: number;
  /** New attempts after a connection that broke. */
  readonly retries?: number;
}

/** A server, or the network, failed. */
export class FetchError extends RunError {}

/** Fetches the file, or what is missing of it.
 * @throws FetchError saying what the server did; what has arrived stays for the next time.
 * @throws StoppedError when it was stopped; what has arrived stays then too. */
export async function fetchFile(url: string, target: string, options: FetchOptions): Promise<void> {
  const { bytes, signal, retries = 3, pauseMillis = 1000, onWait } = options;
  const part = `${target}.part`;
  for (let attempt = 0; (await sizeOf(part)) !== bytes; attempt++) {
    try {
      await fetchRest(url, part, options);
    } catch (error) {
      if (signal.aborted)
        throw new StoppedError(`${part} keeps what has arrived; the same command continues`);
      if (isDiskError(error)) throw cannotBeWritten(dirname(target), 'dataDir', error, part);
      const again = error instanceof AttemptError && error.again && attempt < retries;
      if (!again) throw new FetchError(`${shownUrl(url)}: ${messageOf(error)}`, { cause: error });
      const { retryAfterMillis } = error;
      if (retryAfterMillis !== undefined && retryAfterMillis > 1000)
        onWait?.(`${messageOf(error)}; trying again in ${Math.ceil(retryAfterMillis / 1000)} s, as it asks`);
      const pause = retryAfterMillis ?? pauseMillis * 2 ** attempt;
      await sleep(pause, undefined, { signal }).catch(() => undefined);
    }
  }
  await rename(part, target);
}

async function sizeOf(file: string): Promise<number> {
  return stat(file).then(
    ({ size }) => size,
    () => 0,
  );
}

/** One attempt: asks for what comes after the bytes that are there, and appends it. */
async function fetchRest(url: string, part: string, options: FetchOptions): Promise<void> {
  const { bytes, signal, stallMillis = 30_000 } = options;
  const kept = await sizeOf(part);
  if (kept > bytes) await rm(part);
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(), stallMillis);
  try {
    const ended = AbortSignal.any([signal, stalled.signal]);
    const asked = kept > bytes ? 0 : kept;
    const response = await request(url, asked, ended);
    if (response.status === 416) {
      await rm(part, { force: true });
      throw new AttemptError('has no bytes after those that are there; starting anew', true);
    }
    const { from, stream } = bodyFrom(response, asked, bytes);
    const checked = (chunks: AsyncIterable<Uint8Array>) =>
      checkedChunks(chunks, from, options, () => timer.refresh());
    await pipeline(Readable.fromWeb(stream), checked, partWriter(part, from), { signal: ended });
    const received = await sizeOf(part);
    if (received < bytes) throw new AttemptError(`ended after ${received} of ${bytes} bytes`, true);
  } catch (error) {
    if (stalled.signal.aborted) throw new AttemptError(`sent nothing for ${stallMillis / 1000} s`, true);
    if (isDiskError(error) && !isNetworkError(error)) throw error;
    throw asAttemptError(error, url);
  } finally {
    clearTimeout(timer);
  }
}

/** Errors of sockets have a system call too. */
function isNetworkError({ syscall }: NodeJS.ErrnoException): boolean {
  return ['connect', 'read', 'getaddrinfo'].includes(syscall ?? '');
}

async function* checkedChunks(
  chunks: AsyncIterable<Uint8Array>,
  from: number,
  { bytes, isStart, onProgress }: FetchOptions,
  onChunk: () => void,
): AsyncGenerator<Uint8Array, void, void> {
  let received = from;
  for await (const chunk of chunks) {
    onChunk();
    if (received === 0 && isStart?.(chunk) === false)
      throw new AttemptError('answered with something else than the archive', false);
    received += chunk.length;
    if (received > bytes)
      throw new AttemptError(`sends more than the ${bytes} bytes that the file has`, false);
    yield chunk;
    onProgress(received); // it has been written by now
  }
}

/** Opens the file when the first chunk was checked: nothing is created, and nothing cut, for an answer without one. */
function partWriter(part: string, from: number): Writable {
  let file: FileHandle | undefined;
  const open = async () => {
    const opened = await openForAppend(part);
    if (from === 0) await opened.truncate(0);
    return opened;
  };
  const write = async (chunk: Uint8Array) => {
    file ??= await open();
    await file.appendFile(chunk);
  };
  const failed = (error: unknown) => (isNativeError(error) ? error : new Error(messageOf(error)));
  return new Writable({
    write: (chunk: Uint8Array, _encoding, done) => {
      write(chunk).then(
        () => done(),
        (error: unknown) => done(failed(error)),
      );
    },
    destroy: (error, done) => {
      Promise.resolve(file?.close()).then(
        () => done(error),
        (late: unknown) => done(error ?? failed(late)),
      );
    },
  });
}
