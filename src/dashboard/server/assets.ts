/** The files of the page. The list of files is made once, at the start: a request is looked up in it, and never becomes a path. */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { readRegularFile } from '../../disk/regular-file.ts';
import { RunError } from '../../errors.ts';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};

type Encoding = 'br' | 'gzip' | undefined;

export class Asset {
  readonly type: string;
  /** Whether the name contains a hash of the content, so that browsers can keep the file for ever. */
  readonly isImmutable: boolean;
  readonly etag: string;
  readonly bytes: Uint8Array;
  readonly #compressed = new Map<Encoding, Promise<Uint8Array>>();

  constructor(path: string, bytes: Uint8Array) {
    this.bytes = bytes;
    this.type = types[extname(path)] ?? 'application/octet-stream';
    this.isImmutable = /^assets\/.+-[\w-]{8}\.\w+$/.test(path);
    this.etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 24)}"`;
  }

  /** Returns the content as one of the accepted encodings. Each is made once, when it is first wanted. */
  async in(accepted: string): Promise<{ readonly encoding: Encoding; readonly bytes: Uint8Array }> {
    const isText = !this.type.startsWith('image/png') && !this.type.startsWith('font/');
    const encoding = isText ? (['br', 'gzip'] as const).find((one) => accepted.includes(one)) : undefined;
    if (encoding === undefined) return { encoding, bytes: this.bytes };
    const known = this.#compressed.get(encoding) ?? compress(this.bytes, encoding);
    this.#compressed.set(encoding, known);
    return { encoding, bytes: await known };
  }
}

/** Quality 5 of 11 compresses 25 MB of WebAssembly in half a second. */
const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

async function compress(bytes: Uint8Array, encoding: 'br' | 'gzip'): Promise<Uint8Array> {
  return encoding === 'br' ? promisify(brotliCompress)(bytes, brotliOptions) : promisify(gzip)(bytes);
}

/** The folder of the built page: that of the package, unless the environment names another one. */
export function pageFolder(): string {
  return process.env['CIFAR10_PAGE'] ?? fileURLToPath(new URL('../../../web/dist/', import.meta.url));
}

/** Returns the files of the page by their path, such as `assets/index-abc.js`.
 * @throws RunError when the page has not been built */
export async function pageFiles(folder: string = pageFolder()): Promise<ReadonlyMap<string, Asset>> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = names
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, sep).length));
  if (!paths.includes('index.html'))
    throw new RunError(
      `the page of the dashboard has not been built (${join(folder, 'index.html')} is missing). In a clone, build it: npm run build`,
    );
  const read = paths.map(async (path): Promise<[string, Asset]> => {
    const name = path.split(sep).join('/');
    return [name, new Asset(name, await readRegularFile(join(folder, path), { links: 'refuse' }))];
  });
  return new Map(await Promise.all(read));
}
