/** File servers for tests of the page. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { securityHeaders } from '../dashboard/server/headers.ts';
import { pageFolder } from './playwright.ts';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.mjs': 'text/javascript',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain',
  '.wasm': 'application/wasm',
};

type Use<T> = (address: string) => Promise<T>;

/** Serves the built page and the `data/` of a folder, like a static export, with the headers of the dashboard. */
export function withFileServer<T>(folder: string, use: Use<T>): Promise<T> {
  return withServer(
    (path) => join(path.startsWith('/data/') ? folder : pageFolder, path),
    securityHeaders,
    use,
  );
}

/** Serves a folder below a path, `/a/site/`, without the headers of the dashboard, as any web server does. */
export function withPlainServer<T>(folder: string, use: Use<T>): Promise<T> {
  const prefix = '/a/site/';
  return withServer(
    (path) => join(folder, path.startsWith(prefix) ? path.slice(prefix.length) : 'nothing'),
    {},
    (address) => use(`${address}${prefix.slice(1)}`),
  );
}

async function withServer<T>(
  fileOf: (path: string) => string,
  headers: Readonly<Record<string, string>>,
  use: Use<T>,
): Promise<T> {
  const server = createServer(({ url = '/' }, response) => {
    const path = decodeURIComponent(new URL(url, 'http://localhost').pathname);
    const file = fileOf(path.endsWith('/') ? `${path}index.html` : path);
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    try {
      const content = readFileSync(file);
      response.setHeader('Content-Type', types[extname(file)] ?? 'application/octet-stream').end(content);
    } catch {
      response.writeHead(404).end();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}
