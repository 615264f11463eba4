/** What the server answers: the files of the page, the resources below `data/`, and the stream of changes. */
import type { FileHandle } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import type { RunSource } from '../collect/source.ts';
import { findResource } from '../resources.ts';
import type { Asset } from './assets.ts';
import type { ContentCache } from './content-cache.ts';
import { cookieName, type GuardOptions, refusalOf, tokenIn } from './guards.ts';
import { securityHeaders } from './headers.ts';
import { type LargeResponses, streamBytes } from './large-responses.ts';
import type { Viewers } from './viewers.ts';

/** What Node.js adds to a request. */
interface Environment {
  readonly Bindings: { readonly incoming: IncomingMessage; readonly outgoing: ServerResponse };
}
type Visit = Context<Environment>;

export interface AppOptions {
  readonly source: RunSource;
  /** The files of the page by their path. */
  readonly assets: ReadonlyMap<string, Asset>;
  readonly viewers: Viewers;
  readonly cache: ContentCache;
  readonly large: LargeResponses;
  /** Known when the server listens. */
  readonly guard: () => GuardOptions;
}

/** A list of runs that is younger than this is not read again for a request. */
const freshMillis = 1000;
const prefix = '/data/';

export function appOf(options: AppOptions): Hono<Environment> {
  const app = new Hono<Environment>();
  app.use('*', async (c, next) => {
    for (const [name, value] of Object.entries(securityHeaders)) c.header(name, value);
    const refused = refuse(c, options.guard());
    if (refused !== undefined) return refused;
    await next();
    return undefined;
  });
  app.get('*', (c) => {
    const path = pathOf(c);
    if (isLink(c, options.guard())) return admit(c, options.guard());
    if (path === `${prefix}changes`) return changes(c, options);
    return path.startsWith(prefix) ? data(c, path, options) : asset(c, path, options);
  });
  return app;
}

/** The target of the request as it was sent: nothing is decoded or normalized. */
function targetOf(c: Visit): string {
  return c.env.incoming.url ?? '/';
}

function pathOf(c: Visit): string {
  return targetOf(c).split('?')[0] ?? '';
}

function refuse(c: Visit, guard: GuardOptions): Response | undefined {
  const method = c.env.incoming.method ?? '';
  const refusal = refusalOf({ method, target: targetOf(c), header: (name) => c.req.header(name) }, guard);
  if (refusal === undefined) return undefined;
  c.header('Cache-Control', 'no-store');
  if (refusal.status === 405) c.header('Allow', 'GET, HEAD');
  return c.text(`${refusal.text}\n`, refusal.status);
}

function isLink(c: Visit, { token }: GuardOptions): boolean {
  return token !== undefined && tokenIn(targetOf(c)) !== undefined;
}

/** Exchanges the token of a link for a cookie. A redirect would belong to the site that contained the link, and browsers would not
 * send the cookie with it. */
function admit(c: Visit, { token = '', port }: GuardOptions): Response {
  c.header('Set-Cookie', `${cookieName(port)}=${token}; Path=/; HttpOnly; SameSite=Strict`);
  c.header('Cache-Control', 'no-store');
  c.header('Content-Type', 'text/html; charset=utf-8');
  return c.body('<!doctype html><meta http-equiv="refresh" content="0;url=./"><title>cifar10</title>');
}

function changes(c: Visit, { viewers }: AppOptions): Response {
  if (c.env.incoming.method === 'HEAD') return c.body(null, 200, { 'Content-Type': 'text/event-stream' });
  viewers.add(c.env.outgoing, securityHeaders);
  return RESPONSE_ALREADY_SENT;
}

async function data(c: Visit, path: string, { source, cache, large }: AppOptions): Promise<Response> {
  await source.ensureFresh(freshMillis);
  const found = findResource(source, path.slice(prefix.length), true);
  if (found === undefined) return notFound(c);
  const etag = `"${cache.session}-${found.revision}"`;
  const isKnown = c.req.header('if-none-match') === etag;
  const { resource, place } = found;
  if (!isKnown && resource.open !== undefined)
    return streamed(c, { file: await resource.open(place), etag, type: resource.type }, large);
  const content = isKnown ? undefined : await cache.of(path, etag, () => resource.make(place));
  if (!isKnown && content === undefined) return notFound(c);
  if (content !== undefined && !large.admit(c.env.outgoing, content.length)) return busy(c);
  c.header('Cache-Control', 'no-cache');
  c.header('ETag', etag);
  if (content === undefined) return c.body(null, 304);
  c.header('Content-Type', found.resource.type);
  return c.body(bytesFor(content));
}

/** Sends a file as fast as the client reads it. Only a piece of it is in memory. */
async function streamed(
  c: Visit,
  {
    file,
    etag,
    type,
  }: { readonly file: FileHandle | undefined; readonly etag: string; readonly type: string },
  large: LargeResponses,
): Promise<Response> {
  if (file === undefined) return notFound(c);
  const { size } = await file.stat();
  const isHead = c.env.incoming.method === 'HEAD';
  if (!isHead && !large.admit(c.env.outgoing, streamBytes)) {
    await file.close();
    return busy(c);
  }
  c.header('Cache-Control', 'no-cache');
  c.header('ETag', etag);
  c.header('Content-Type', type);
  c.header('Content-Length', String(size));
  if (isHead || size === 0) {
    await file.close();
    return c.body(null);
  }
  // A file that grows meanwhile is not sent beyond the length in the header.
  const stream = file.createReadStream({ start: 0, end: size - 1 });
  c.env.outgoing.once('close', () => stream.destroy());
  return c.body(Readable.toWeb(stream) as ReadableStream<Uint8Array>);
}

function busy(c: Visit): Response {
  c.header('Cache-Control', 'no-store');
  c.header('Retry-After', '2');
  return c.text('Too much is being sent. Try again.\n', 503);
}

async function asset(c: Visit, path: string, { assets }: AppOptions): Promise<Response> {
  const found = assets.get(path === '/' ? 'index.html' : path.slice(1));
  if (found === undefined) return notFound(c);
  c.header('Cache-Control', found.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache');
  c.header('ETag', found.etag);
  c.header('Vary', 'Accept-Encoding');
  if (c.req.header('if-none-match') === found.etag) return c.body(null, 304);
  const { encoding, bytes } = await found.in(c.req.header('accept-encoding') ?? '');
  if (encoding !== undefined) c.header('Content-Encoding', encoding);
  c.header('Content-Type', found.type);
  return c.body(bytesFor(bytes));
}

function notFound(c: Visit): Response {
  c.header('Cache-Control', 'no-store');
  return c.text('Nothing here.\n', 404);
}

/** Responses take only bytes whose memory is not shared. */
function bytesFor(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, length } = bytes;
  return isNotShared(buffer) ? new Uint8Array(buffer, byteOffset, length) : bytes.slice();
}

function isNotShared(buffer: ArrayBufferLike): buffer is ArrayBuffer {
  return Object.prototype.toString.call(buffer) === '[object ArrayBuffer]';
}
