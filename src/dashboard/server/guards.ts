/**
 * Decides whether a request is answered, before anything else looks at it.
 *
 * A page of another site can make a browser send requests to this server. It cannot choose the headers Host, Origin and
 * Sec-Fetch-Site. A name that leads to this machine only since it was looked up again (DNS rebinding) is a Host that is not the server's
 * own.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';

/** A request as the guards see it. */
export interface Visit {
  readonly method: string;
  /** The path and the query, as they were sent. */
  readonly target: string;
  readonly header: (name: string) => string | undefined;
}

/** Why a request is refused. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 405 | 414;
  readonly text: string;
}

export interface GuardOptions {
  /** The address that the server listens on. */
  readonly host: string;
  readonly port: number;
  /** The token that viewers need, or undefined. */
  readonly token: string | undefined;
  /** Other names of the machine. */
  readonly names: readonly string[];
}

/** The longest path with its query, in characters. */
const longestTarget = 8192;

export function refusalOf(visit: Visit, options: GuardOptions): Refusal | undefined {
  const { method, target, header } = visit;
  if (method !== 'GET' && method !== 'HEAD')
    return { status: 405, text: 'This server only answers GET and HEAD.' };
  if (target.length > longestTarget) return { status: 414, text: 'The address is too long.' };
  const host = header('host') ?? '';
  if (!isOwnHost(host, options))
    return {
      status: 403,
      text: `The address in the browser is not that of this server (header Host). It expects ${expectedHosts(options)}. If a port is forwarded, use port ${options.port} on both sides.`,
    };
  const origin = header('origin');
  if (origin !== undefined && origin !== `http://${host}`)
    return { status: 403, text: 'Another site must not read this server (header Origin).' };
  const site = header('sec-fetch-site') ?? 'none';
  const isVisit = header('sec-fetch-mode') === 'navigate' && header('sec-fetch-dest') === 'document';
  if (site !== 'same-origin' && site !== 'none' && !isVisit)
    return { status: 403, text: 'Another site must not use this server (header Sec-Fetch-Site).' };
  if (options.token !== undefined && !isAllowed(visit, options.token, options.port))
    return { status: 401, text: 'Open the link that the command printed. It contains a token.' };
  return undefined;
}

function expectedHosts({ host, port, names }: GuardOptions): string {
  const all = isLoopback(host) ? ['localhost', '127.0.0.1'] : ['localhost', 'an address', ...names];
  return all.map((name) => `${name}:${port}`).join(' or ');
}

/** Whether a Host header names this server. An address instead of a name cannot be rebound, so a server that listens on every address
 * accepts all of them. */
export function isOwnHost(header: string, { host, port, names }: GuardOptions): boolean {
  const [, name = '', given = '80'] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(header) ?? [];
  if (Number(given) !== port) return false;
  const bare = name.replace(/^\[|\]$/g, '').toLowerCase();
  if (bare === host.toLowerCase() || ['localhost', '127.0.0.1', '::1'].includes(bare)) return true;
  return !isLoopback(host) && (isIP(bare) > 0 || names.includes(bare));
}

/** Whether only this machine can reach an address. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** The name of the cookie with the token. Browsers do not distinguish cookies by port. */
export function cookieName(port: number): string {
  return `cifar10-${port}`;
}

/** Returns the token in the query of a link, or undefined. */
export function tokenIn(target: string): string | undefined {
  return /^\/\?token=([\w-]{1,200})$/.exec(target)?.[1];
}

function isAllowed({ target, header }: Visit, token: string, port: number): boolean {
  const cookies = (header('cookie') ?? '').split(/; ?/).map((pair) => pair.split('='));
  const sent = cookies.filter(([name]) => name === cookieName(port)).map(([, value = '']) => value);
  return [tokenIn(target) ?? '', ...sent].some((one) => isSame(one, token));
}

/** Compares in a time that does not depend on the texts. */
export function isSame(found: string, expected: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(found), hash(expected));
}
