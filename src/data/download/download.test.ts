import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { inTemporaryFolder, noiseRecords, smallDataset } from '../../testing/examples.ts';
import { tarOf } from '../../testing/tar.ts';
import type { DatasetDescription } from '../dataset.ts';
import type { DataEvent } from '../events.ts';
import { folderOf, loadExamples } from '../files.ts';
import { type DownloadOptions, download } from './download.ts';
import { proxyFor, shownUrl } from './proxy.ts';
import { asAttemptError } from './request.ts';

const small = smallDataset(40, 20);
const files = small.files.map(({ name, records }) => ({
  path: `${small.folder}/${name}`,
  content: noiseRecords(records),
}));
const archiveBytes = gzipSync(
  tarOf([
    { path: `${small.folder}/`, type: '5' },
    ...files,
    { path: `${small.folder}/readme.html`, content: Buffer.from('hello') },
  ]),
  { level: 0 },
);

/** Describes the small data set, with an archive that consists of the given bytes. */
function described(bytes: Uint8Array, url = 'http://127.0.0.1:9/'): DatasetDescription {
  const md5 = createHash('md5').update(bytes).digest('hex');
  return { ...small, archive: { name: 'small.tar.gz', url, bytes: bytes.length, md5 } };
}

type Handler = (request: IncomingMessage, response: ServerResponse, number: number) => void;

/** Runs a body with a local server. `requests` returns the number of requests so far. */
async function withServer(
  handler: Handler,
  body: (url: string, requests: () => number) => Promise<void>,
): Promise<void> {
  let requests = 0;
  const server = createServer((request, response) => handler(request, response, requests++));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await body(`http://127.0.0.1:${(server.address() as AddressInfo).port}/small.tar.gz`, () => requests);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Handles the requests to a server that supports range requests. */
const serveArchive: Handler = (request, response) => {
  const [, from = '0'] = /bytes=(\d+)-/.exec(request.headers.range ?? '') ?? [];
  const start = Number(from);
  if (start >= archiveBytes.length) response.writeHead(416).end();
  else if (start === 0) response.writeHead(200, { 'Content-Length': archiveBytes.length }).end(archiveBytes);
  else
    response
      .writeHead(206, { 'Content-Range': `bytes ${start}-${archiveBytes.length - 1}/${archiveBytes.length}` })
      .end(archiveBytes.subarray(start));
};

function fetchInto(
  folder: string,
  url: string,
  more: Partial<DownloadOptions> = {},
  dataset = described(archiveBytes),
): Promise<readonly DataEvent[]> {
  const events: DataEvent[] = [];
  const quick = { pauseMillis: 1, stallMillis: 20_000, signal: new AbortController().signal };
  return download(dataset, folder, { url, ...quick, onEvent: (event) => events.push(event), ...more }).then(
    () => events,
  );
}

async function assertReady(folder: string): Promise<void> {
  assert.equal((await loadExamples(folder, small, 'train')).count, 80);
  assert.equal((await loadExamples(folder, small, 'test')).count, 20);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('partial') || name.endsWith('.part')),
    [],
  );
}

describe('a download', () => {
  test('downloads, verifies and extracts, and reports an event for each', () =>
    withServer(serveArchive, (url) =>
      inTemporaryFolder(async (folder) => {
        const events = await fetchInto(folder, url);
        await assertReady(folder);
        assert.deepEqual(
          [...new Set(events.map(({ kind }) => kind))],
          ['progress', 'downloaded', 'extracting', 'ready'],
        );
        assert.ok(
          !existsSync(join(folderOf(folder, small), 'readme.html')),
          'only the files of the data set are extracted',
        );
      }),
    ));

  test('resumes after a broken connection', () =>
    withServer(
      (request, response, number) => {
        if (number > 0) return serveArchive(request, response, number);
        response.writeHead(200, { 'Content-Length': archiveBytes.length });
        response.write(archiveBytes.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 50));
      },
      (url, requests) =>
        inTemporaryFolder(async (folder) => {
          await fetchInto(folder, url);
          assert.equal(requests(), 2);
          await assertReady(folder);
        }),
    ));

  test('resumes a partial file of an earlier process', () => {
    let range: string | undefined;
    return withServer(
      (request, response, number) => {
        range = request.headers.range;
        serveArchive(request, response, number);
      },
      (url) =>
        inTemporaryFolder(async (folder) => {
          writeFileSync(join(folder, 'small.tar.gz.part'), archiveBytes.subarray(0, 50_000));
          await fetchInto(folder, url);
          assert.equal(range, 'bytes=50000-');
          await assertReady(folder);
        }),
    );
  });

  test('detects a wrong partial file by the checksum, and downloads everything again', () =>
    withServer(serveArchive, (url) =>
      inTemporaryFolder(async (folder) => {
        writeFileSync(join(folder, 'small.tar.gz.part'), Buffer.alloc(50_000, 1));
        await fetchInto(folder, url);
        await assertReady(folder);
      }),
    ));

  test('starts over if the server does not support ranges or has no more bytes', () =>
    withServer(
      (_, response, number) => {
        if (number === 0) response.writeHead(416).end();
        else response.writeHead(200).end(archiveBytes);
      },
      (url) =>
        inTemporaryFolder(async (folder) => {
          writeFileSync(join(folder, 'small.tar.gz.part'), archiveBytes.subarray(0, 50_000));
          await fetchInto(folder, url);
          await assertReady(folder);
        }),
    ));

  test('retries after a server error, and follows redirects', () =>
    withServer(
      (request, response, number) => {
        if (number === 0) response.writeHead(503).end();
        else if (request.url !== '/moved') response.writeHead(302, { Location: '/moved' }).end();
        else serveArchive(request, response, number);
      },
      (url) =>
        inTemporaryFolder(async (folder) => {
          await fetchInto(folder, url);
          await assertReady(folder);
        }),
    ));

  const failures: readonly (readonly [
    title: string,
    handler: Handler,
    message: RegExp,
    stallMillis?: number,
  ])[] = [
    ['a missing file', (_, response) => response.writeHead(404).end(), /answered 404 Not Found/],
    [
      'a server that sends nothing',
      (_, response) => void response.writeHead(200).write(archiveBytes.subarray(0, 10)),
      /sent nothing for 0\.2 s/,
      200,
    ],
    [
      'a response that always ends early',
      (_, response) => response.writeHead(200).end(archiveBytes.subarray(0, 1000)),
      /ended after 1000 of \d+ bytes/,
    ],
    [
      'a response that is too long',
      (_, response) => response.writeHead(200).end(Buffer.concat([archiveBytes, archiveBytes])),
      /sent more than the expected \d+ bytes/,
    ],
    [
      'a wrong range',
      (_, response) => response.writeHead(206, { 'Content-Range': 'bytes 7-9/10' }).end('abc'),
      /sent bytes from offset 7, expected offset 0/,
    ],
    [
      'a redirect loop',
      (_, response) => response.writeHead(302, { Location: '/again' }).end(),
      /redirects in a loop/,
    ],
  ];
  for (const [title, handler, message, stallMillis = 20_000] of failures) {
    test(`reports ${title}, and leaves nothing under the final names`, () =>
      withServer(handler, (url) =>
        inTemporaryFolder(async (folder) => {
          await assert.rejects(fetchInto(folder, url, { retries: 1, stallMillis }), (error: Error) => {
            assert.match(error.message, message);
            assert.ok(error.message.includes(url));
            return true;
          });
          assert.ok(!existsSync(folderOf(folder, small)) && !existsSync(join(folder, 'small.tar.gz')));
        }),
      ));
  }

  test('keeps a file of the right size with wrong bytes under another name, and reports it', () =>
    withServer(
      (_, response) => response.writeHead(200).end(Buffer.from(archiveBytes).fill(0, 5000, 6000)),
      (url) =>
        inTemporaryFolder(async (folder) => {
          await assert.rejects(
            fetchInto(folder, url),
            /MD5: found [0-9a-f]{32}, expected [0-9a-f]{32}.*It is kept as .*small\.tar\.gz\.bad\./,
          );
          assert.ok(existsSync(join(folder, 'small.tar.gz.bad')) && !existsSync(folderOf(folder, small)));
        }),
    ));

  test('fails immediately if the server cannot be reached', async () => {
    let nowhere = '';
    await withServer(serveArchive, async (url) => {
      nowhere = url;
    });
    await inTemporaryFolder(async (folder) => {
      const started = performance.now();
      await assert.rejects(fetchInto(folder, nowhere, { pauseMillis: 10_000 }), /ECONNREFUSED/);
      assert.ok(performance.now() - started < 2000);
    });
  });

  test('keeps the received bytes when it is stopped', () =>
    withServer(
      (_, response) => void response.writeHead(200).write(archiveBytes.subarray(0, 70_000)),
      (url) =>
        inTemporaryFolder(async (folder) => {
          const stop = new AbortController();
          const onEvent = () => stop.abort();
          await assert.rejects(fetchInto(folder, url, { signal: stop.signal, onEvent, stallMillis: 5000 }), {
            name: 'StoppedError',
            message: /the received bytes are kept in .*small\.tar\.gz\.part/,
          });
          assert.ok(existsSync(join(folder, 'small.tar.gz.part')));
        }),
    ));

  test('extracts an existing archive and verifies an existing folder, without any request', () =>
    inTemporaryFolder(async (folder) => {
      writeFileSync(join(folder, 'small.tar.gz'), archiveBytes);
      await fetchInto(folder, 'http://127.0.0.1:1/');
      await assertReady(folder);
      const [last] = (await fetchInto(folder, 'http://127.0.0.1:1/')).slice(-1);
      assert.deepEqual(last, { kind: 'ready', folder: folderOf(folder, small), already: true });
      assert.deepEqual(readFileSync(join(folder, 'small.tar.gz')), archiveBytes);
    }));

  test('runs once for two processes: the second waits and then finds the data', () =>
    withServer(serveArchive, (url, requests) =>
      inTemporaryFolder(async (folder) => {
        const kinds = (await Promise.all([fetchInto(folder, url), fetchInto(folder, url)])).map((events) =>
          events.map(({ kind }) => kind).filter((kind) => kind !== 'progress'),
        );
        await assertReady(folder);
        assert.equal(requests(), 1);
        assert.deepEqual(kinds.map((kind) => kind.join(' ')).sort(), [
          'downloaded extracting ready',
          'waiting ready',
        ]);
      }),
    ));

  test('deletes what a killed extraction left', () =>
    withServer(serveArchive, (url) =>
      inTemporaryFolder(async (folder) => {
        mkdirSync(join(folder, `${small.folder}.partial-0badcafe`));
        await fetchInto(folder, url);
        await assertReady(folder);
      }),
    ));

  test('leaves the archive and no unfinished files when it is stopped while extracting', () =>
    inTemporaryFolder(async (folder) => {
      writeFileSync(join(folder, 'small.tar.gz'), archiveBytes);
      const stop = new AbortController();
      await assert.rejects(fetchInto(folder, '', { signal: stop.signal, onEvent: () => stop.abort() }), {
        name: 'StoppedError',
      });
      assert.deepEqual(readdirSync(folder), ['small.tar.gz']);
    }));

  test('leaves a folder that lacks a file unchanged, without any request', () =>
    inTemporaryFolder(async (folder) => {
      mkdirSync(folderOf(folder, small), { recursive: true });
      writeFileSync(join(folderOf(folder, small), 'notes.txt'), 'mine');
      await assert.rejects(
        fetchInto(folder, 'http://127.0.0.1:1/'),
        /Failed to find file: .*data_batch_1\.bin\. Move .* aside and run "(?:npx )?cifar10 download/,
      );
      assert.deepEqual(readdirSync(folderOf(folder, small)), ['notes.txt']);
    }));

  test('accepts a copy of the archive anywhere, and refuses a wrong one by its size', () =>
    inTemporaryFolder(async (folder) => {
      writeFileSync(join(folder, 'copy.tgz'), archiveBytes);
      await fetchInto(folder, '', { tarball: join(folder, 'copy.tgz') });
      await assertReady(folder);
      writeFileSync(join(folder, 'short.tgz'), archiveBytes.subarray(9));
      const other = join(folder, 'other');
      await assert.rejects(
        fetchInto(other, '', { tarball: join(folder, 'short.tgz') }),
        /short\.tgz: found \d+ bytes, expected \d+\. Use another `tarball`/,
      );
    }));
});

describe('a response that is not the archive', () => {
  const page = '<html>Please log in</html>';
  const answers: readonly (readonly [title: string, handler: Handler, message: RegExp])[] = [
    [
      'a login page with 200',
      (_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(page),
      /answered with a web page \(text\/html\).*login page/,
    ],
    [
      'a page without a type',
      (_, response) => response.writeHead(200).end(page.padEnd(archiveBytes.length)),
      /answered with something other than the archive/,
    ],
    [
      'a file of another size',
      (_, response) => response.writeHead(200, { 'Content-Length': '3' }).end('abc'),
      /sent 3 bytes, expected \d+/,
    ],
    ['a missing file', (_, response) => response.writeHead(404).end(), /answered 404 Not Found/],
  ];
  for (const [title, handler, message] of answers) {
    test(`is refused immediately, and no part of it is kept: ${title}`, () =>
      inTemporaryFolder((folder) =>
        withServer(handler, async (url, requests) => {
          await assert.rejects(fetchInto(folder, url), message);
          assert.equal(requests(), 1);
          assert.deepEqual(readdirSync(folder), []);
        }),
      ));
  }

  test('does not change a partial file', () =>
    inTemporaryFolder((folder) =>
      withServer(
        (_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end(page),
        async (url) => {
          writeFileSync(join(folder, 'small.tar.gz.part'), archiveBytes.subarray(0, 100));
          await assert.rejects(fetchInto(folder, url), /web page/);
          assert.deepEqual(
            readFileSync(join(folder, 'small.tar.gz.part')),
            Buffer.from(archiveBytes.subarray(0, 100)),
          );
        },
      ),
    ));
});

test('a busy server is retried after its Retry-After', () =>
  inTemporaryFolder((folder) =>
    withServer(
      (request, response, number) =>
        number === 0
          ? response.writeHead(503, { 'Retry-After': '2' }).end()
          : serveArchive(request, response, number),
      async (url) => {
        const started = performance.now();
        const events = await fetchInto(folder, url);
        assert.ok(performance.now() - started >= 1900);
        const [waiting] = events.filter(({ kind }) => kind === 'waiting');
        assert.deepEqual(waiting, {
          kind: 'waiting',
          text: 'answered 503 Service Unavailable; retrying in 2 s, as the server requested',
        });
      },
    ),
  ));

test('a download never writes through a link', { skip: process.platform === 'win32' }, () =>
  inTemporaryFolder((folder) =>
    withServer(serveArchive, async (url) => {
      writeFileSync(join(folder, 'victim'), 'secret');
      symlinkSync('victim', join(folder, 'small.tar.gz.part'));
      await assert.rejects(fetchInto(folder, url), /symbolic link/);
      assert.equal(readFileSync(join(folder, 'victim'), 'utf8'), 'secret');
    }),
  ),
);

describe('network errors', () => {
  const explained = (cause: object) => {
    const { message, canRetry } = asAttemptError(
      Object.assign(new TypeError('fetch failed'), { cause }),
      'https://host/a',
      {},
    );
    return { message, canRetry };
  };
  test('a missing network, refused connections and rejected certificates are not retried', () => {
    assert.match(explained({ code: 'ENOTFOUND' }).message, /^ENOTFOUND: the server name is unknown/);
    assert.equal(explained({ code: 'ECONNREFUSED' }).canRetry, false);
    const certificate = explained({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      message: 'self-signed certificate',
    });
    assert.match(
      certificate.message,
      /^its certificate was rejected \(self-signed certificate\).*NODE_EXTRA_CA_CERTS to a file with its CA certificate$/,
    );
    assert.equal(certificate.canRetry, false);
    assert.equal(explained({ code: 'CERT_HAS_EXPIRED' }).canRetry, false);
  });
  test('a broken connection is retried', () => {
    assert.deepEqual(explained({ code: 'ECONNRESET', message: 'socket hang up' }), {
      message: 'socket hang up',
      canRetry: true,
    });
  });
  test('errors do not contain the credentials of URLs', () => {
    assert.equal(shownUrl('https://me:secret@host/a'), 'https://host/a');
  });
  test('errors contain the proxy and its variable, which depend on the protocol of the URL', () => {
    const environment = {
      HTTPS_PROXY: 'http://me:secret@proxy:3128',
      http_proxy: 'other:80',
      HTTP_PROXY: 'x',
    };
    const by = (url: string, cause: object) => {
      const error = Object.assign(new TypeError('fetch failed'), { cause });
      return asAttemptError(error, url, environment).message;
    };
    assert.match(
      by('https://host/a', { code: 'ENETUNREACH' }),
      /\(through the proxy http:\/\/proxy:3128\/ \(HTTPS_PROXY\), unless NO_PROXY names the server\)$/,
    );
    assert.match(by('http://host/a', { code: 'ENETUNREACH' }), /http:\/\/other:80 \(http_proxy\)/);
    assert.equal(
      by('https://host/a', { message: 'Proxy response (407) !== 200 when HTTP Tunneling' }),
      'the proxy http://proxy:3128/ (HTTPS_PROXY) answered 407: it expects a user name and a password, ' +
        'http://NAME:PASSWORD@host:port',
    );
  });
  test('the proxy is found in four variables, with or without http://, and an empty value means no proxy', () => {
    const address = (environment: Record<string, string>) => proxyFor('https:', environment)?.address;
    for (const name of ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'])
      assert.equal(address({ [name]: 'proxy:3128' }), 'http://proxy:3128');
    assert.equal(address({ https_proxy: '', HTTPS_PROXY: 'https://proxy' }), 'https://proxy');
    assert.equal(address({ HTTPS_PROXY: '' }), undefined);
    assert.equal(proxyFor('http:', { HTTPS_PROXY: 'http://proxy' }), undefined);
    for (const wrong of ['http://', 'ftp://proxy', 'http://a b'])
      assert.throws(() => address({ HTTPS_PROXY: wrong }), {
        name: 'RunError',
        message: 'HTTPS_PROXY is not the URL of a proxy: expected http://host:port',
      });
  });
});

test('a download uses the proxy from the environment', () =>
  inTemporaryFolder((folder) =>
    withServer(
      (request, response) => {
        assert.equal(request.url, 'http://archives.invalid/small.tar.gz');
        serveArchive(request, response, 0);
      },
      async (proxy, requests) => {
        await withEnvironment({ http_proxy: new URL(proxy).origin }, async () => {
          await fetchInto(folder, 'http://archives.invalid/small.tar.gz');
        });
        assert.equal(requests(), 1);
      },
    ),
  ));

/** Runs a body with the given environment variables. */
async function withEnvironment(variables: Record<string, string>, body: () => Promise<void>): Promise<void> {
  Object.assign(process.env, variables);
  try {
    await body();
  } finally {
    for (const name of Object.keys(variables)) delete process.env[name];
  }
}

describe('a download over HTTPS', () => {
  /** Runs a body with a proxy that answers every CONNECT with the given status, and records the requests. */
  async function besideProxy(status: string, body: (address: string, connects: string[]) => Promise<void>) {
    const connects: string[] = [];
    const proxy = createServer().on('connect', ({ url, headers }, socket) => {
      connects.push(`${url} ${headers['proxy-authorization'] ?? ''}`.trim());
      socket.end(`HTTP/1.1 ${status}\r\n\r\n`);
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    try {
      await body(`127.0.0.1:${(proxy.address() as AddressInfo).port}`, connects);
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  }
  const url = 'https://archives.invalid/small.tar.gz';

  test('requests a tunnel from the proxy with user name and password, and reports a refusal immediately', () =>
    inTemporaryFolder((folder) =>
      besideProxy('403 Forbidden', (address, connects) =>
        withEnvironment({ HTTPS_PROXY: `http://me:secret@${address}` }, async () => {
          await assert.rejects(fetchInto(folder, url), {
            message: new RegExp(`the proxy http://${address}/ \\(HTTPS_PROXY\\) answered 403`),
          });
          const credentials = Buffer.from('me:secret').toString('base64');
          assert.deepEqual(connects, [`archives.invalid:443 Basic ${credentials}`]);
        }),
      ),
    ));

  test('is retried if the proxy fails temporarily', () =>
    inTemporaryFolder((folder) =>
      besideProxy('502 Bad Gateway', (address, connects) =>
        withEnvironment({ https_proxy: address }, async () => {
          await assert.rejects(fetchInto(folder, url, { retries: 1 }), /answered 502/);
          assert.equal(connects.length, 2);
        }),
      ),
    ));

  test('bypasses the proxy for the servers in NO_PROXY', () =>
    inTemporaryFolder((folder) =>
      besideProxy('403 Forbidden', (address, connects) =>
        withEnvironment({ HTTPS_PROXY: address, NO_PROXY: '127.0.0.1' }, async () => {
          await withServer(serveArchive, async (local) => {
            await fetchInto(folder, local);
            // This server does not support TLS.
            const direct = fetchInto(join(folder, 'other'), local.replace('http:', 'https:'), { retries: 0 });
            await assert.rejects(direct, /unless NO_PROXY names the server/);
          });
          assert.deepEqual(connects, []);
        }),
      ),
    ));
});

describe('an archive', () => {
  const outside = Buffer.from('outside');
  const attacks: readonly (readonly [string, Uint8Array, RegExp])[] = [
    [
      'an entry above the folder',
      tarOf([{ path: '../evil.bin', content: outside }]),
      /the entry \.\.\/evil\.bin points out/,
    ],
    [
      'an entry with .. inside its path',
      tarOf([{ path: `${small.folder}/../../evil.bin`, content: outside }]),
      /points out/,
    ],
    [
      'an absolute path',
      tarOf([{ path: '/tmp/evil.bin', content: outside }]),
      /the entry \/tmp\/evil\.bin points out/,
    ],
    ...['1', '2', '3', '4', '6'].map(
      (type) =>
        [
          `a link or a device (type ${type})`,
          tarOf([{ path: `${small.folder}/data_batch_1.bin`, type }]),
          /data_batch_1\.bin is a link or a device/,
        ] as const,
    ),
    [
      'a file that is too large',
      tarOf([{ path: `${small.folder}/data_batch_1.bin`, content: new Uint8Array(2 << 20) }]),
      /is too large: found 2097152 bytes, expected at most/,
    ],
    ['a missing file', tarOf(files.slice(1)), /Failed to find file: .*data_batch_1\.bin/],
    [
      'a file of another size',
      tarOf([{ path: files[0]?.path ?? '', content: noiseRecords(39) }, ...files.slice(1)]),
      /found 119,847 bytes/,
    ],
    [
      'a label without a class',
      tarOf([{ path: files[0]?.path ?? '', content: noiseRecords(40).fill(12, 0, 1) }, ...files.slice(1)]),
      /record 0 has label 12/,
    ],
    [
      'a header whose checksum is wrong',
      Buffer.from(tarOf(files)).fill(1, 10, 20),
      /not a tar archive, or damaged: bad header checksum near its start$/,
    ],
    [
      'a truncation inside a file',
      tarOf(files).subarray(0, 200_000),
      /is cut short in or after .*data_batch_\d\.bin$/,
    ],
    ['a truncation in its first header', tarOf(files).subarray(0, 100), /is cut short near its start$/],
    ['no end marker', tarOf(files).subarray(0, -1024), /is cut short in or after .*test_batch\.bin$/],
    ['data after its end', Buffer.concat([tarOf(files), outside]), /bad EOF after .*test_batch\.bin$/],
    [
      'a bad header in the middle',
      Buffer.from(tarOf(files)).fill(1, 123_914, 123_924),
      /bad header checksum after .*data_batch_1\.bin$/,
    ],
    ['noise instead of a tar', noiseRecords(2), /not a tar archive, or damaged: bad .* near its start$/],
    [
      'a name with terminal escapes',
      tarOf([{ path: '../\u001b[31mevil\n', content: outside }]),
      /the entry \.\.\/\\u001b\[31mevil\\u000a points out/,
    ],
    ['zeros only', new Uint8Array(10_240), /Failed to find file: .*data_batch_1\.bin/],
  ];
  for (const [title, tar, message] of attacks) {
    test(`with ${title} is refused, and no part of it is extracted`, () =>
      inTemporaryFolder(async (folder) => {
        const bytes = gzipSync(tar);
        const dataDir = join(folder, 'data');
        writeFileSync(join(folder, 'attack.tgz'), bytes);
        await assert.rejects(
          fetchInto(dataDir, '', { tarball: join(folder, 'attack.tgz') }, described(bytes)),
          message,
        );
        assert.deepEqual(readdirSync(folder), ['attack.tgz']);
      }));
  }

  test('that is truncated is reported', () =>
    inTemporaryFolder(async (folder) => {
      const cut = archiveBytes.subarray(0, archiveBytes.length - 5000);
      writeFileSync(join(folder, 'cut.tgz'), cut);
      await assert.rejects(
        fetchInto(join(folder, 'data'), '', { tarball: join(folder, 'cut.tgz') }, described(cut)),
        /cut\.tgz: (cannot be extracted \(unexpected end of file\)|is cut short)/,
      );
    }));

  test('can use the long names of GNU and POSIX', () =>
    inTemporaryFolder(async (folder) => {
      const [first, ...rest] = files;
      assert.ok(first);
      const path = Buffer.from(`${first.path}\0`);
      const record = ` path=${rest[0]?.path}\n`;
      const extended = Buffer.from(`${record.length + 2}${record}`);
      const tar = tarOf([
        { path: '././@LongLink', type: 'L', content: path },
        { ...first, path: 'short' },
        { path: 'pax', type: 'x', content: extended },
        { path: 'short', content: rest[0]?.content ?? outside },
        ...rest.slice(1),
      ]);
      const bytes = gzipSync(tar);
      writeFileSync(join(folder, 'long.tgz'), bytes);
      await fetchInto(folder, '', { tarball: join(folder, 'long.tgz') }, described(bytes));
      await assertReady(folder);
    }));
});
