/** The proxy that the environment names: HTTPS_PROXY and HTTP_PROXY, lower case first, as other programs read them. */
import { RunError } from '../../errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Proxy {
  /** With user name and password, if it has them. */
  readonly address: string;
  /** For messages: the address without them, and the variable that names it. */
  readonly shown: string;
}

/** In the order in which they are looked up. */
const variables = {
  'https:': ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'],
  'http:': ['http_proxy', 'HTTP_PROXY'],
} as const;

/** The proxy for addresses of a protocol, if there is one. NO_PROXY is left to undici.
 * @throws RunError when the variable holds something else than an address */
export function proxyFor(protocol: 'http:' | 'https:', environment: Environment): Proxy | undefined {
  const name = variables[protocol].find((variable) => (environment[variable] ?? '') !== '');
  if (name === undefined) return undefined;
  const value = environment[name] ?? '';
  const address = value.includes('://') ? value : `http://${value}`;
  // The value is not repeated: it may hold a password.
  if (!URL.canParse(address) || !/^(?:https?|socks5?):/.test(address))
    throw new RunError(`${name} is not the address of a proxy: expected http://host:port`);
  return { address, shown: `${shownUrl(address)} (${name})` };
}

/** An address as it may be printed: without user name and password. */
export function shownUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  if (parsed.username === '' && parsed.password === '') return url;
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}
