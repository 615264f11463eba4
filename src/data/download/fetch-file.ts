/**
 * A file over HTTP, in as many attempts as it takes: what has arrived is kept in `<target>.part`, and every attempt,
 * also of a later process, goes on from there (RFC 9110, section 14: range requests).
 */
import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { cannotBeWritten, isDiskError } from '../../disk/writable.ts';
import { messageOf, RunError, StoppedError } from '../../errors.ts';

export interface FetchOptions {
  /** Size of the whole file. */
  readonly bytes: number;
  readonly onProgress: (received: number) => void;
  readonly signal: AbortSignal;
  /** An attempt that brings nothing for so long is given up. */
  readonly stallMillis?: number;
  /** Pause before the first new attempt; each further one is twice as long. */
  readonly pauseMillis?: number;
  /** New attempts after a connection that broke. */
  readonly retries?: number;
}

/** Why an attempt ended early: worth another one, or not. */
class AttemptError extends Error {
  readonly again: boolean;
  constructor(message: string, again: boolean) {
    super(message);
    this.again = again;
  }
}

/** The file cannot be had from there: a server, or the way to it, is to blame. */
export class FetchError extends RunError {}

/** Errors of a network that is not there: more attempts would only take longer. */
const unreachable = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ENETUNREACH', 'EHOSTUNREACH'];

/** Fetches the file, or what is missing of it.
 * @throws FetchError saying what the server did; what has arrived stays for the next time.
 * @throws StoppedError when it was stopped; so it does then. */
export async function fetchFile(url: string, target: string, options: FetchOptions): Promise<void> {
  const { bytes, signal, retries = 3, pauseMillis = 1000 } = options;
  const part = `${target}.part`;
  for (let attempt = 0; (await sizeOf(part)) !== bytes; attempt++) {
    try {
      await fetchRest(url, part, options);
    } catch (error) {
      if (signal.aborted) throw new StoppedError(`${part} keeps what has arrived, the same command goes on`);
      if (isDiskError(error)) throw cannotBeWritten(dirname(target), '--data-dir', error);
      const again = error instanceof AttemptError && error.again && attempt < retries;
      if (!again) throw new FetchError(`${url}: ${messageOf(error)}`);
      await sleep(pauseMillis * 2 ** attempt, undefined, { signal }).catch(() => undefined);
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
  const { bytes, onProgress, signal, stallMillis = 30_000 } = options;
  let received = await sizeOf(part);
  if (received > bytes) {
    await rm(part);
    received = 0;
  }
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(), stallMillis);
  try {
    const ended = AbortSignal.any([signal, stalled.signal]);
    const response = await request(url, received, ended);
    const body = await bodyFrom(response, received, part);
    received = body.from;
    const counted = async function* (chunks: AsyncIterable<Uint8Array>) {
      for await (const chunk of chunks) {
        timer.refresh();
        received += chunk.length;
        if (received > bytes)
          throw new AttemptError(`sends more than the ${bytes} bytes that the file has`, false);
        onProgress(received);
        yield chunk;
      }
    };
    await pipeline(
      Readable.fromWeb(body.stream),
      counted,
      createWriteStream(part, { flags: body.from > 0 ? 'a' : 'w' }),
      { signal: ended },
    );
    if (received < bytes) throw new AttemptError(`ended after ${received} of ${bytes} bytes`, true);
  } catch (error) {
    if (stalled.signal.aborted) throw new AttemptError(`sent nothing for ${stallMillis / 1000} s`, true);
    throw asAttemptError(error);
  } finally {
    clearTimeout(timer);
  }
}

/** `Accept-Encoding: identity`, or a server may send the archive unpacked. */
function request(url: string, from: number, signal: AbortSignal): Promise<Response> {
  const range = from > 0 ? { Range: `bytes=${from}-` } : {};
  return fetch(url, { headers: { 'Accept-Encoding': 'identity', ...range }, redirect: 'follow', signal });
}

/** Where in the file the answer starts, or why there is none. */
async function bodyFrom(response: Response, asked: number, part: string) {
  const { status, statusText, body } = response;
  if (status === 416) {
    await rm(part, { force: true });
    throw new AttemptError('has no bytes after those that are there; starting anew', true);
  }
  if (status !== 200 && status !== 206) {
    throw new AttemptError(`answered ${status} ${statusText}`.trim(), status >= 500 || status === 429);
  }
  if (body === null) throw new AttemptError('answered without a body', true);
  if (status === 200) return { from: 0, stream: body };
  const [, start] = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '') ?? [];
  if (Number(start) !== asked)
    throw new AttemptError(`sent bytes from ${start ?? 'nowhere'} instead of ${asked}`, false);
  return { from: asked, stream: body };
}

/** What is wrong with the disk stays as it is: no server is to blame. */
function asAttemptError(error: unknown): Error {
  if (error instanceof AttemptError) return error;
  if (isDiskError(error)) return error;
  // fetch says "fetch failed" and gives the reason as the cause.
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return new AttemptError(messageOf(cause) || code, !unreachable.includes(code));
}
