/**
 * Downloads a file over HTTP in several attempts. Received bytes are kept in `<target>.part`, and every attempt,
 * including those of later processes, continues from there (RFC 9110, section 14: range requests). If a response is not
 * the expected file, no part of the response is kept.
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
  /** The size of the complete file. */
  readonly bytes: number;
  /** Whether these can be the first bytes of the file. If they cannot, no part of the response is kept. */
  readonly isStart?: (first: Uint8Array) => boolean;
  readonly onProgress: (received: number) => void;
  /** Called with a message before a pause that the server requested. */
  readonly onWait?: (text: string) => void;
  readonly signal: AbortSignal;
  /** The number of milliseconds without data after which an attempt fails. Default: 30 s. */
  readonly stallMillis?: number;
  /** The pause before the first retry in milliseconds. It is doubled for each further retry. Default: 1 s. */
  readonly pauseMillis?: number;
  /** The number of retries after a broken connection. Default: 3. */
  readonly retries?: number;
}

/** A failure of the server or the network. */
export class FetchError extends RunError {}

/** Downloads the file, or the rest of it.
 * @throws FetchError that describes what the server did; received bytes are kept
 * @throws StoppedError when `signal` is aborted; received bytes are kept */
export async function fetchFile(url: string, target: string, options: FetchOptions): Promise<void> {
  const { bytes, signal, retries = 3, pauseMillis = 1000, onWait } = options;
  const part = `${target}.part`;
  for (let attempt = 0; (await sizeOf(part)) !== bytes; attempt++) {
    try {
      await fetchRest(url, part, options);
    } catch (error) {
      if (signal.aborted)
        throw new StoppedError(`the received bytes are kept in ${part}; run the same command to continue`);
      if (isDiskError(error)) throw cannotBeWritten(dirname(target), 'dataDir', error, part);
      const retry = error instanceof AttemptError && error.canRetry && attempt < retries;
      if (!retry) throw new FetchError(`${shownUrl(url)}: ${messageOf(error)}`, { cause: error });
      const { retryAfterMillis } = error;
      if (retryAfterMillis !== undefined && retryAfterMillis > 1000)
        onWait?.(
          `${messageOf(error)}; retrying in ${Math.ceil(retryAfterMillis / 1000)} s, as the server requested`,
        );
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

/** Makes one attempt: requests the bytes after those already received, and appends them. */
async function fetchRest(url: string, part: string, options: FetchOptions): Promise<void> {
  const { bytes, signal, stallMillis = 30_000 } = options;
  const kept = await sizeOf(part);
  if (kept > bytes) await rm(part);
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(), stallMillis);
  try {
    const ended = AbortSignal.any([signal, stalled.signal]);
    const offset = kept > bytes ? 0 : kept;
    const response = await request(url, offset, ended);
    if (response.status === 416) {
      await rm(part, { force: true });
      throw new AttemptError('has no more bytes than those already received; starting over', true);
    }
    const { from, stream } = bodyFrom(response, offset, bytes);
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

/** Whether an error with a `syscall` is from the network. Disk errors have a `syscall` too. */
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
      throw new AttemptError('answered with something other than the archive', false);
    received += chunk.length;
    if (received > bytes) throw new AttemptError(`sent more than the expected ${bytes} bytes`, false);
    yield chunk;
    onProgress(received); // reported now, because the consumer has written the chunk
  }
}

/** Returns a stream that writes to the file, which is opened only when the first chunk has been checked and arrives. A response
 * without a valid chunk therefore neither creates nor truncates the file. */
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
