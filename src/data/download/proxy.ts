/** The proxy that the environment names in HTTPS_PROXY or HTTP_PROXY. The lower-case variables come first, as in other programs. */
import { RunError } from '../../errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Proxy {
  /** The URL of the proxy, including the user name and the password if there are any. */
  readonly address: string;
  /** The URL without user name and password, and the variable that contains it, for messages. */
  readonly shown: string;
}

/** The environment variables for each protocol, in the order in which they are looked up. */
const variables = {
  'https:': ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'],
  'http:': ['http_proxy', 'HTTP_PROXY'],
} as const;

/** Returns the proxy for URLs of a protocol, if there is one. undici handles NO_PROXY.
 * @throws RunError when the variable contains something other than a URL */
export function proxyFor(protocol: 'http:' | 'https:', environment: Environment): Proxy | undefined {
  const name = variables[protocol].find((variable) => (environment[variable] ?? '') !== '');
  if (name === undefined) return undefined;
  const value = environment[name] ?? '';
  const address = value.includes('://') ? value : `http://${value}`;
  // The message does not contain the value, which may include a password.
  if (!URL.canParse(address) || !/^(?:https?|socks5?):/.test(address))
    throw new RunError(`${name} is not the URL of a proxy: expected http://host:port`);
  return { address, shown: `${shownUrl(address)} (${name})` };
}

/** Returns a URL without user name and password, so that it may be printed. */
export function shownUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  if (parsed.username === '' && parsed.password === '') return url;
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}
