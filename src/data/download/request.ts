/** One HTTP request for an archive, through the proxy that the environment names. */
import type { ReadableStream } from 'node:stream/web';
import { messageOf, RunError } from '../../errors.ts';
import { type Environment, proxyFor } from './proxy.ts';

/** Why an attempt ended early: worth another one, or not. */
export class AttemptError extends Error {
  readonly again: boolean;
  /** Milliseconds that the server asks to wait before the next attempt. */
  readonly retryAfterMillis: number | undefined;

  constructor(message: string, again: boolean, retryAfterMillis?: number) {
    super(message);
    this.again = again;
    this.retryAfterMillis = retryAfterMillis;
  }
}

/** What is used of a response: Node's own and undici's are different types. */
export interface Answer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: { get(name: string): string | null };
  readonly body: ReadableStream | null;
}

/** Asks for the bytes of a file from one on.
 * @param from bytes that are there already
 * @throws Error of the network */
export async function request(url: string, from: number, signal: AbortSignal): Promise<Answer> {
  // `Accept-Encoding: identity`, or a server may send the archive unpacked.
  const headers = { 'Accept-Encoding': 'identity', ...(from > 0 && { Range: `bytes=${from}-` }) };
  const options = { headers, redirect: 'follow', signal } as const;
  const [httpProxy, httpsProxy] = [proxyFor('http:', process.env), proxyFor('https:', process.env)];
  if (httpsProxy === undefined) return fetch(url, options);
  // Node's own fetch takes no notice of proxies before Node 24.
  const undici = await import('undici');
  const dispatcher = new undici.EnvHttpProxyAgent({
    ...(httpProxy && { httpProxy: httpProxy.address }),
    httpsProxy: httpsProxy.address,
    proxyTunnel: false,
  });
  return undici.fetch(url, { ...options, dispatcher });
}

/** Errors of a network that is not there: more attempts would only take longer. */
const unreachable: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name of the server is unknown; is there a network?',
  EAI_AGAIN: 'the name of the server cannot be looked up now; is there a network?',
  ECONNREFUSED: 'the server refuses connections',
  ENETUNREACH: 'the network is unreachable',
  EHOSTUNREACH: 'the server is unreachable',
};

/** Codes of certificates that are not accepted (Node, "TLS", X509 certificate error codes). */
const certificates = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ALTNAME|ISSUER/;

/** The error of a request, in words, and whether another attempt may help. */
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
      `its certificate is not accepted (${message || code})${by}. If a proxy of yours signs it, name its authority ` +
        'in NODE_EXTRA_CA_CERTS',
      false,
    );
  if (/redirect count exceeded/.test(message)) return new AttemptError('redirects in circles', false);
  return new AttemptError(`${message || code}${by}`, true);
}

/** A proxy that makes no connection to the server. */
function proxyRefusal(shown: string, status: number): AttemptError {
  const advice =
    status === 407 ? ': it expects a user name and a password, http://NAME:PASSWORD@host:port' : '';
  return new AttemptError(`the proxy ${shown} answered ${status}${advice}`, status >= 500);
}

/** fetch says "fetch failed" and gives the reason as the cause, which may have one too. */
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

/** Where in the file the answer starts, or why it is not the file.
 * @param asked bytes that are there already
 * @param bytes of the whole file */
export function bodyFrom(
  response: Answer,
  asked: number,
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
  const from = status === 200 ? 0 : asked;
  if (/text\/html|xhtml/.test(type))
    throw new AttemptError(
      `answered with a web page (${type}${length === null ? '' : `, ${length} bytes`}) instead of the archive: ` +
        'a login page of this network, or a mirror without the file',
      false,
    );
  if (length !== null && Number(length) !== bytes - from)
    throw new AttemptError(
      `answered with ${length} bytes, ${bytes - from} were expected: it has another file, or another version of it`,
      false,
    );
  if (body === null) throw new AttemptError('answered without a body', true);
  if (status === 200) return { from, stream: body };
  const [, start] = /^bytes (\d+)-/.exec(headers.get('content-range') ?? '') ?? [];
  if (Number(start) !== asked)
    throw new AttemptError(`sent bytes from ${start ?? 'nowhere'} instead of ${asked}`, false);
  return { from, stream: body };
}

/** Servers that ask for more are asked again later by the user. */
const longestWaitMillis = 60_000;

/** RFC 9110, section 10.2.3: seconds or a date. */
function retryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  const seconds = /^\d+$/.test(value.trim()) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(longestWaitMillis, Math.max(0, seconds * 1000)) : undefined;
}
