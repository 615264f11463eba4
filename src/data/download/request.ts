/** Makes one HTTP request for an archive, through the proxy that is set in the environment. */
import type { ReadableStream } from 'node:stream/web';
import { messageOf, RunError } from '../../errors.ts';
import { type Environment, proxyFor } from './proxy.ts';

/** Says why an attempt failed, and whether to retry. */
export class AttemptError extends Error {
  readonly canRetry: boolean;
  /** How many milliseconds the server requested to wait before the next attempt. */
  readonly retryAfterMillis: number | undefined;

  constructor(message: string, canRetry: boolean, retryAfterMillis?: number) {
    super(message);
    this.canRetry = canRetry;
    this.retryAfterMillis = retryAfterMillis;
  }
}

/** The part of a response that is used. The types of Node and undici differ. */
export interface HttpResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: { get(name: string): string | null };
  readonly body: ReadableStream | null;
}

/** Requests a file, or the rest of it.
 * @param from the number of bytes already received, which are not requested again
 * @throws the error of the network */
export async function request(url: string, from: number, signal: AbortSignal): Promise<HttpResponse> {
  // Without `Accept-Encoding: identity`, a server may send the archive decompressed.
  const headers = { 'Accept-Encoding': 'identity', ...(from > 0 && { Range: `bytes=${from}-` }) };
  const options = { headers, redirect: 'follow', signal } as const;
  const [httpProxy, httpsProxy] = [proxyFor('http:', process.env), proxyFor('https:', process.env)];
  if (httpsProxy === undefined) return fetch(url, options);
  // Before Node 24, Node's own fetch ignores proxies.
  const undici = await import('undici');
  const dispatcher = new undici.EnvHttpProxyAgent({
    ...(httpProxy && { httpProxy: httpProxy.address }),
    httpsProxy: httpsProxy.address,
    proxyTunnel: false,
  });
  return undici.fetch(url, { ...options, dispatcher });
}

/** The codes of errors for which a retry is pointless, with explanations. */
const unreachable: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the server name is unknown; is the network available?',
  EAI_AGAIN: 'the server name cannot be looked up now; is the network available?',
  ECONNREFUSED: 'the server refuses connections',
  ENETUNREACH: 'the network is unreachable',
  EHOSTUNREACH: 'the server is unreachable',
};

/** The error codes for rejected certificates (Node, "TLS", X509 certificate error codes). */
const certificates = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME|ISSUER/;

/** Explains the error of a request, and decides whether to retry. */
export function asAttemptError(
  error: unknown,
  url: string,
  environment: Environment = process.env,
): AttemptError {
  if (error instanceof AttemptError) return error;
  if (error instanceof RunError) return new AttemptError(error.message, false);
  const { code, message } = deepestOf(error);
  const proxy = proxyFor(url.startsWith('http:') ? 'http:' : 'https:', environment);
  const [, answered] = /^Proxy response \((\d+)\)/.exec(message) ?? [];
  if (answered !== undefined) return proxyRefusal(proxy?.shown ?? '', Number(answered));
  const by =
    proxy === undefined ? '' : ` (through the proxy ${proxy.shown}, unless NO_PROXY names the server)`;
  const known = unreachable[code];
  if (known !== undefined) return new AttemptError(`${code}: ${known}${by}`, false);
  if (certificates.test(code))
    return new AttemptError(
      `its certificate was rejected (${message || code})${by}. If your proxy signs certificates, set NODE_EXTRA_CA_CERTS ` +
        'to a file with its CA certificate',
      false,
    );
  if (/redirect count exceeded/.test(message)) return new AttemptError('redirects in a loop', false);
  return new AttemptError(`${message || code}${by}`, true);
}

/** Makes the error for a proxy that refuses to connect to the server. */
function proxyRefusal(shown: string, status: number): AttemptError {
  const advice =
    status === 407 ? ': it expects a user name and a password, http://NAME:PASSWORD@host:port' : '';
  return new AttemptError(`the proxy ${shown} answered ${status}${advice}`, status >= 500);
}

/** Returns the innermost cause of an error. `fetch` throws "fetch failed" with the reason in `cause`, which may have a cause
 * too. */
function deepestOf(error: unknown): { readonly code: string; readonly message: string } {
  let [current, code] = [error, ''];
  for (let depth = 0; depth < 5; depth++) {
    if (typeof current !== 'object' || current === null) break;
    if ('code' in current && typeof current.code === 'string') code = current.code;
    const [first] = 'errors' in current && Array.isArray(current.errors) ? current.errors : [];
    const next: unknown = first ?? ('cause' in current ? current.cause : undefined);
    if (next === undefined) break;
    current = next;
  }
  return { code, message: messageOf(current) };
}

/** Returns the body of a response, and the offset in the file at which the body starts.
 * @param received the number of bytes already received
 * @param bytes the size of the complete file
 * @throws AttemptError when the response is not the requested part of the file */
export function bodyFrom(
  response: HttpResponse,
  received: number,
  bytes: number,
): { readonly from: number; readonly stream: ReadableStream } {
  const { status, statusText, body, headers } = response;
  if (status !== 200 && status !== 206)
    throw new AttemptError(
      `answered ${status} ${statusText}`.trim(),
      status >= 500 || status === 429 || status === 408,
      retryAfter(headers.get('retry-after')),
    );
  const type = headers.get('content-type') ?? '';
  const length = headers.get('content-length');
  const from = status === 200 ? 0 : received;
  if (/text\/html|xhtml/.test(type))
    throw new AttemptError(
      `answered with a web page (${type}${length === null ? '' : `, ${length} bytes`}) instead of the archive: ` +
        'a login page of this network, or a mirror without the file',
      false,
    );
  if (length !== null && Number(length) !== bytes - from)
    throw new AttemptError(
      `sent ${length} bytes, expected ${bytes - from}, so this is another file or version`,
      false,
    );
  if (body === null) throw new AttemptError('answered without a body', true);
  if (status === 200) return { from, stream: body };
  const [, start] = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '') ?? [];
  if (Number(start) !== received)
    throw new AttemptError(
      `sent bytes from offset ${start ?? 'unknown'}, expected offset ${received}`,
      false,
    );
  return { from, stream: body };
}

/** The longest wait before a retry. If the server requests a longer one, it is shortened to this. */
const longestWaitMillis = 60_000;

/** Returns the milliseconds to wait according to a Retry-After header, which contains seconds or a date (RFC 9110, section
 * 10.2.3). */
function retryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  const seconds = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(longestWaitMillis, Math.max(0, seconds * 1000)) : undefined;
}
