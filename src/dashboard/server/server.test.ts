import assert from 'node:assert/strict';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { get as httpGet, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeCheckpoint } from '../../checkpoint/checkpoint.ts';
import { sampleCheckpoint } from '../../testing/checkpoints.ts';
import {
  eventFileName,
  scalarRecord,
  sessionRecord,
  writeSmallPage,
  writeSmallRun,
} from '../../testing/dashboard-runs.ts';
import { inTemporaryFolder } from '../../testing/examples.ts';
import { openSource } from '../dashboard.ts';
import { type Change, idOf, type RunList, type ScalarOverview } from '../wire.ts';
import { type RunningServer, serveRuns } from './serve.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends a request whose path is not changed in any way. */
function get(port: number, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    httpGet({ host: '127.0.0.1', port, path, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(pieces),
        }),
      );
    }).on('error', reject);
  });
}

/** Sends bytes, and returns everything that the server sends until it closes the connection, or the time is over. */
function exchange(port: number, text: string, millis = 4000): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    const end = () => {
      socket.destroy();
      resolve(received);
    };
    socket.on('data', (piece) => {
      received += piece.toString('latin1');
    });
    socket.on('close', end).on('error', end);
    setTimeout(end, millis).unref();
  });
}

/** Follows the changes of a server. */
async function follow(port: number): Promise<{ readonly changes: Change[]; readonly end: () => void }> {
  const changes: Change[] = [];
  const request = httpGet({ host: '127.0.0.1', port, path: '/data/changes' });
  request.on('error', () => undefined);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  assert.equal(response.headers['content-type'], 'text/event-stream; charset=utf-8');
  response
    .on('error', () => undefined)
    .on('data', (piece: Buffer) => {
      for (const [, text = ''] of piece.toString('utf8').matchAll(/^data: (.*)$/gm))
        changes.push(JSON.parse(text) as Change);
    });
  return { changes, end: () => void request.destroy() };
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(50);
}

async function withServer(
  task: (server: RunningServer, dir: string) => Promise<void>,
  { host = '127.0.0.1', prepare = (_dir: string): void => undefined } = {},
): Promise<void> {
  await inTemporaryFolder(async (dir) => {
    const page = join(dir, 'page');
    writeSmallPage(page);
    writeSmallRun(join(dir, 'runs', 'a'));
    writeSmallRun(join(dir, 'runs', 'deep', 'b'));
    writeFileSync(join(dir, 'secret.txt'), 'secret');
    prepare(dir);
    const server = await serveRuns(await openSource(join(dir, 'runs')), { host, port: 0, page });
    try {
      await task(server, dir);
    } finally {
      await server.close();
    }
  });
}

const json = <T>({ body }: Answer): T => JSON.parse(body.toString('utf8')) as T;

test('the page and the resources are served with strict headers', () =>
  withServer(async ({ port }) => {
    const page = await get(port, '/');
    assert.deepEqual([page.status, page.headers['cache-control']], [200, 'no-cache']);
    for (const name of ['/', '/data/runs.json', '/nothing']) {
      const { headers } = await get(port, name);
      assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
      assert.doesNotMatch(String(headers['content-security-policy']), /'unsafe-/);
      assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
      assert.equal(headers['cross-origin-embedder-policy'], 'require-corp');
      assert.equal(headers['x-content-type-options'], 'nosniff');
      assert.equal(headers['referrer-policy'], 'no-referrer');
    }
    const script = await get(port, '/assets/index-abcdEFG1.js', { 'accept-encoding': 'gzip, br' });
    assert.match(String(script.headers['cache-control']), /immutable/);
    assert.deepEqual(
      [script.headers['content-encoding'], script.headers['content-type']],
      ['br', 'text/javascript; charset=utf-8'],
    );
    assert.ok(script.body.length < 200);
    const list = json<RunList>(await get(port, '/data/runs.json'));
    assert.deepEqual(
      list.runs.map(({ path }) => path),
      ['a', 'deep/b'],
    );
    assert.equal(list.isLive, true);
    const { counts, curves } = json<ScalarOverview>(await get(port, `/data/${idOf('deep/b')}/scalars.json`));
    assert.deepEqual(counts, { 'a/b ä': 3, total_loss: 3 });
    assert.deepEqual(curves['total_loss']?.values, [4, 2, Math.fround(4 / 3)]);
  }));

test('a resource is not sent again while it is the same', () =>
  withServer(async ({ port }, dir) => {
    const path = `/data/${idOf('a')}/scalars.json`;
    const { etag = '' } = (await get(port, path)).headers;
    assert.equal((await get(port, path, { 'if-none-match': etag })).status, 304);
    appendFileSync(join(dir, 'runs', 'a', eventFileName), scalarRecord('total_loss', 3, 1));
    await sleep(1100);
    const again = await get(port, path, { 'if-none-match': etag });
    assert.deepEqual([again.status, json<ScalarOverview>(again).counts['total_loss']], [200, 4]);
  }));

/** Adds links that lead out of the folder of the runs, and one within it. */
function addLinks(dir: string): void {
  symlinkSync(join(dir, 'secret.txt'), join(dir, 'runs', 'a', 'train.log'));
  symlinkSync(dir, join(dir, 'runs', 'outside'));
  mkdirSync(join(dir, 'other'));
  writeSmallRun(join(dir, 'other', 'hidden'));
  symlinkSync(join(dir, 'other', 'hidden'), join(dir, 'runs', 'link'));
  writeFileSync(join(dir, 'runs', 'deep', 'log'), 'inside');
  symlinkSync(join(dir, 'runs', 'deep', 'log'), join(dir, 'runs', 'deep', 'b', 'train.log'));
}

test('no path leads out of the page and the resources', () =>
  withServer(
    async ({ port }) => {
      const { runs } = json<RunList>(await get(port, '/data/runs.json'));
      assert.deepEqual(
        runs.map(({ path, has }) => [path, has.log]),
        [
          ['a', false],
          ['deep/b', true],
        ],
      );
      assert.equal((await get(port, `/data/${idOf('deep/b')}/log.txt`)).body.toString(), 'inside');
      const id = idOf('a');
      const paths = [
        ...[
          '/../secret.txt',
          '/..%2fsecret.txt',
          '/%2e%2e/secret.txt',
          '/assets/../../secret.txt',
          '/assets/..%2f..%2fsecret.txt',
        ],
        ...[
          '//etc/passwd',
          '/etc/passwd',
          '/data/../index.html',
          '/data//runs.json',
          '/data/%72uns.json',
          '/data/runs.json%00',
        ],
        ...[
          `/data/${id}/../runs.json`,
          `/data/${id}/${eventFileName}`,
          `/data/${id}/log.txt`,
          `/data/${id}/train.log`,
          `/data/${id}`,
        ],
        ...[
          `/data/${id}/images/../1.png`,
          `/data/${id}/images/-1.png`,
          `/data/${id}/images/1e1.png`,
          `/data/${id}/images/99.png`,
        ],
        ...[`/data/${id}/scalars/${id}.bin`, `/data/${id}/scalars/.bin`, `/data/${idOf('..')}/scalars.json`],
        ...[
          `/data/${idOf('outside')}/scalars.json`,
          `/data/${idOf('link')}/scalars.json`,
          '/data/__proto__/scalars.json',
        ],
        ...[
          '/__proto__',
          '/constructor',
          '/assets',
          '/assets/',
          '/index.html/',
          '/data/',
          '/data',
          '/\\..\\secret.txt',
        ],
      ];
      for (const path of paths) {
        const { status, body } = await get(port, path);
        assert.ok(status === 404 || status === 400, `${path}: ${status}`);
        assert.doesNotMatch(body.toString('latin1'), /secret|root:/);
      }
    },
    { prepare: addLinks },
  ));

test('requests that another site makes, or that are not reading, are refused', () =>
  withServer(async ({ port }) => {
    const status = async (headers: Readonly<Record<string, string>>) =>
      (await get(port, '/data/runs.json', headers)).status;
    assert.equal(await status({ host: `evil.example:${port}` }), 403);
    assert.equal(await status({ host: '127.0.0.1' }), 403);
    const forwarded = await get(port, '/', { host: 'localhost:1' });
    assert.match(
      forwarded.body.toString(),
      new RegExp(`expects localhost:${port} or .* use port ${port} on both`),
    );
    assert.equal(await status({ host: `127.0.0.1:${port}@evil.example` }), 400);
    assert.equal(await status({ host: `localhost:${port}` }), 200);
    assert.equal(await status({ host: `[::1]:${port}` }), 200);
    assert.equal(await status({ origin: 'https://evil.example' }), 403);
    assert.equal(await status({ origin: 'null' }), 403);
    assert.equal(await status({ origin: `http://127.0.0.1:${port}` }), 200);
    assert.equal(await status({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }), 403);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH'])
      assert.match(
        await exchange(
          port,
          `${method} / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
        ),
        /^HTTP\/1\.1 405 /,
        method,
      );
  }));

test('malformed and oversized requests end with an error, and the server keeps running', () =>
  withServer(async ({ port }) => {
    const host = `Host: 127.0.0.1:${port}\r\n`;
    const long = 'x'.repeat(20_000);
    assert.match(await exchange(port, `GET / HTTP/1.1\r\n${host}X: ${long}\r\n\r\n`), /^HTTP\/1\.1 431 /);
    assert.match(
      await exchange(port, `GET /${'y'.repeat(9000)} HTTP/1.1\r\n${host}Connection: close\r\n\r\n`),
      /^HTTP\/1\.1 414 /,
    );
    assert.match(await exchange(port, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /);
    assert.match(await exchange(port, 'GET / HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /);
    assert.match(
      await exchange(port, 'GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n'),
      /^HTTP\/1\.1 40[03] /,
    );
    assert.match(
      await exchange(port, `GET http://evil.example/ HTTP/1.1\r\n${host}Connection: close\r\n\r\n`),
      /^HTTP\/1\.1 40[034] /,
    );
    assert.equal((await get(port, '/')).status, 200);
  }));

test('a client that sends its headers slowly is disconnected', { timeout: 60_000 }, () =>
  withServer(async ({ port }) => {
    const started = performance.now();
    const answer = await exchange(port, `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX: `, 40_000);
    assert.match(answer, /^HTTP\/1\.1 408 /);
    assert.ok(performance.now() - started < 30_000);
  }),
);

test('a client that stops reading is disconnected, and a checkpoint is sent whole', { timeout: 60_000 }, () =>
  inTemporaryFolder(async (dir) => {
    const page = join(dir, 'page');
    writeSmallPage(page);
    const line = '{"step":1,"loss":1}\n';
    const count = 800_000;
    mkdirSync(join(dir, 'runs', 'b'), { recursive: true });
    writeFileSync(join(dir, 'runs', 'b', 'metrics.jsonl'), line.repeat(count));
    const checkpoint = await writeCheckpoint(join(dir, 'runs', 'a'), sampleCheckpoint(40));
    const source = await openSource(join(dir, 'runs'));
    const server = await serveRuns(source, { host: '127.0.0.1', port: 0, page, stallMillis: 800 });
    const { port } = server;
    try {
      const path = `/data/${idOf('a')}/checkpoint.safetensors`;
      const bytes = readFileSync(checkpoint);
      const whole = await get(port, path);
      assert.deepEqual([whole.status, whole.headers['content-length']], [200, String(bytes.length)]);
      assert.deepEqual(whole.body, bytes);
      assert.equal((await get(port, path, { 'if-none-match': whole.headers.etag ?? '' })).status, 304);
      const head = await exchange(
        port,
        `HEAD ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`,
      );
      assert.match(head, new RegExp(`content-length: ${bytes.length}\r\n.*\r\n\r\n$`, 'is'));
      const socket = connect(port, '127.0.0.1').on('error', () => undefined);
      const curve = `/data/${idOf('b')}/scalars/${idOf('loss')}.bin`;
      socket.write(`GET ${curve} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
      socket.pause();
      await sleep(4000);
      let received = 0;
      socket.on('data', (piece) => {
        received += piece.length;
      });
      await once(socket.resume(), 'close');
      assert.ok(received > 0 && received < count * 24, String(received));
      assert.equal((await get(port, curve)).body.length, count * 24);
    } finally {
      await server.close();
    }
  }),
);

test('a server for other machines needs the token of its link', () =>
  withServer(
    async ({ port, link }) => {
      const token = /\?token=([\w-]{20,})$/.exec(link)?.[1] ?? '';
      assert.notEqual(token, '');
      assert.equal((await get(port, '/')).status, 401);
      assert.equal((await get(port, '/data/runs.json')).status, 401);
      assert.equal((await get(port, '/?token=wrong')).status, 401);
      assert.equal((await get(port, `/data/runs.json?token=${token}`)).status, 401);
      const first = await get(port, `/?token=${token}`);
      const [cookie = ''] = first.headers['set-cookie'] ?? [];
      assert.match(cookie, /HttpOnly; SameSite=Strict$/);
      const [sent = ''] = cookie.split(';');
      assert.equal((await get(port, '/data/runs.json', { cookie: `other=1; ${sent}` })).status, 200);
      assert.equal(
        (await get(port, '/data/runs.json', { cookie: sent, host: `10.1.2.3:${port}` })).status,
        200,
      );
      assert.equal(
        (await get(port, '/data/runs.json', { cookie: sent, host: `rebound.example:${port}` })).status,
        403,
      );
    },
    { host: '0.0.0.0' },
  ));

test('viewers receive new points, new runs and removed runs', { timeout: 60_000 }, () =>
  withServer(async ({ port }, dir) => {
    const { changes, end } = await follow(port);
    appendFileSync(join(dir, 'runs', 'a', eventFileName), scalarRecord('total_loss', 3, 0.5));
    await until(() => changes.length > 0);
    assert.deepEqual(changes[0]?.points[idOf('a')], {
      total_loss: { steps: [3], times: [1003], values: [0.5] },
    });
    writeSmallRun(join(dir, 'runs', 'c'));
    await until(() => changes.some(({ runs }) => runs.some(({ path }) => path === 'c')));
    assert.ok(changes.every(({ removed }) => removed.length === 0));
    rmSync(join(dir, 'runs', 'c'), { recursive: true });
    await until(() => changes.some(({ removed }) => removed.length > 0));
    assert.deepEqual(changes.at(-1)?.removed, [idOf('c')]);
    assert.equal((await get(port, `/data/${idOf('c')}/scalars.json`)).status, 404);
    end();
  }),
);

test('viewers receive what a request for data found', { timeout: 60_000 }, () =>
  withServer(async ({ port }, dir) => {
    // A request looks at the files if nobody did so within a second, and the viewer's own look comes a second after it begins.
    await sleep(1200);
    const { changes, end } = await follow(port);
    appendFileSync(join(dir, 'runs', 'a', eventFileName), scalarRecord('total_loss', 3, 0.5));
    writeSmallRun(join(dir, 'runs', 'c'));
    rmSync(join(dir, 'runs', 'deep'), { recursive: true });
    const { runs } = json<RunList>(await get(port, '/data/runs.json'));
    assert.deepEqual(
      runs.map(({ path }) => path),
      ['a', 'c'],
    );
    await until(() => changes.length > 0);
    assert.deepEqual(changes[0]?.points[idOf('a')]?.['total_loss']?.values, [0.5]);
    assert.ok(changes[0]?.runs.some(({ path }) => path === 'c'));
    assert.deepEqual(changes[0]?.removed, [idOf('deep/b')]);
    end();
  }),
);

test('viewers are notified when the log grows', { timeout: 60_000 }, () =>
  withServer(
    async ({ port }, dir) => {
      const path = `/data/${idOf('a')}/log.txt`;
      assert.equal((await get(port, path)).body.toString(), 'one\n');
      const { changes, end } = await follow(port);
      appendFileSync(join(dir, 'runs', 'a', 'train.log'), 'two\n');
      await until(() => changes.length > 0);
      assert.deepEqual(changes[0]?.resources, [`${idOf('a')}/log.txt`]);
      assert.equal((await get(port, path)).body.toString(), 'one\ntwo\n');
      end();
    },
    { prepare: (dir) => writeFileSync(join(dir, 'runs', 'a', 'train.log'), 'one\n') },
  ),
);

test('everything that a session replaced is named', { timeout: 60_000 }, () =>
  withServer(async ({ port }, dir) => {
    const { changes, end } = await follow(port);
    appendFileSync(join(dir, 'runs', 'a', eventFileName), sessionRecord(0));
    await until(() => changes.length > 0);
    const id = idOf('a');
    assert.deepEqual(
      [...(changes[0]?.resources ?? [])].sort(),
      [
        ...['a/b ä', 'total_loss'].map((tag) => `${id}/scalars/${idOf(tag)}.bin`),
        ...[`${id}/histograms/${idOf('weights')}.json`, `${id}/images.json`, `${id}/scalars.json`],
      ].sort(),
    );
    assert.deepEqual([changes[0]?.points, changes[0]?.runs[0]?.started], [{}, null]);
    end();
  }),
);

test('a port in use is an error that says what to do', () =>
  withServer(async ({ port }, dir) => {
    const source = await openSource(join(dir, 'runs'));
    await assert.rejects(
      serveRuns(source, { host: '127.0.0.1', port, page: join(dir, 'page') }),
      new RegExp(`127\\.0\\.0\\.1:${port}: another program uses this port.*\`port: ${port + 1}\``),
    );
    await assert.rejects(
      serveRuns(source, { host: '127.0.0.1', port: 0, page: join(dir, 'nothing') }),
      /the page of the dashboard has not been built .* npm run build/,
    );
    await assert.rejects(
      serveRuns(source, { host: '203.0.113.1', port: 0, page: join(dir, 'page') }),
      /this machine has no address 203\.0\.113\.1/,
    );
  }));
