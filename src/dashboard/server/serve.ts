/** Starts the server of the dashboard. */
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { hostname } from 'node:os';
import { createAdaptorServer } from '@hono/node-server';
import { errorCode, messageOf, RunError } from '../../errors.ts';
import type { RunSource } from '../collect/source.ts';
import { appOf } from './app.ts';
import { pageFiles } from './assets.ts';
import { ContentCache } from './content-cache.ts';
import { Follower } from './follow.ts';
import { type GuardOptions, isLoopback } from './guards.ts';
import { LargeResponses } from './large-responses.ts';

/** Limits of the server: connections, the bytes of the headers of a request, and how long a client may take for the headers, for a
 * request, and between requests, in milliseconds. */
const limits = {
  connections: 4000,
  maxHeaderSize: 16_384,
  headersTimeout: 10_000,
  requestTimeout: 15_000,
  keepAliveTimeout: 15_000,
  connectionsCheckingInterval: 2000,
} as const;

export interface ServeOptions {
  readonly host: string;
  /** The port, or 0 for any free one. */
  readonly port: number;
  /** The folder of the built page. Default: that of the package. */
  readonly page?: string;
  /** How long a client may stop reading, in milliseconds. Default: a minute. */
  readonly stallMillis?: number;
}

export interface RunningServer {
  /** The address for a browser, with the token if the server needs one. */
  readonly link: string;
  readonly port: number;
  /** Ends the server and all its connections. */
  readonly close: () => Promise<void>;
}

/** @throws RunError when the page is not built, or the port cannot be used */
export async function serveRuns(
  source: RunSource,
  { host, port, page, stallMillis = 60_000 }: ServeOptions,
): Promise<RunningServer> {
  const assets = await pageFiles(page);
  const token = isLoopback(host) ? undefined : randomBytes(18).toString('base64url');
  const own = hostname().toLowerCase();
  let guard: GuardOptions = { host, port, token, names: [own, `${own}.local`] };
  const follower = new Follower(source);
  const app = appOf({
    ...{ source, assets, viewers: follower.viewers, cache: new ContentCache(), large: new LargeResponses() },
    guard: () => guard,
  });
  const { connections, ...serverOptions } = limits;
  const server = createAdaptorServer({ fetch: app.fetch, createServer, serverOptions }) as Server;
  server.maxConnections = connections;
  // Connections on which nothing was sent or received for so long are closed. Viewers get a comment more often.
  server.setTimeout(stallMillis);
  const used = await listen(server, host, port);
  guard = { ...guard, port: used };
  const shown = host === '0.0.0.0' || host === '::' ? hostname() : host.includes(':') ? `[${host}]` : host;
  return {
    link: `http://${shown}:${used}/${token === undefined ? '' : `?token=${token}`}`,
    port: used,
    close: async () => {
      follower.close();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(explained(error, host, port)));
    server.listen({ host, port, backlog: 1024 }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function explained(error: unknown, host: string, port: number): RunError {
  const where = `${host}:${port}`;
  switch (errorCode(error)) {
    case 'EADDRINUSE':
      return new RunError(
        `${where}: another program uses this port, possibly another dashboard. Add another one, such as \`port: ${port + 1}\``,
        { cause: error },
      );
    case 'EACCES':
      return new RunError(
        `port ${port} needs more rights than you have. Add another one, such as \`port: 6007\``,
        {
          cause: error,
        },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new RunError(
        `\`host\`: this machine has no address ${host}. Use 127.0.0.1 for this machine only, or 0.0.0.0 for all its addresses.`,
        { cause: error },
      );
    default:
      return new RunError(`cannot listen on ${where}: ${messageOf(error)}`, { cause: error });
  }
}
