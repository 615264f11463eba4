import assert from 'node:assert/strict';
import { connect as connectSocket } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, decodeEndpoint, type Endpoint, encodeEndpoint, Listener } from './endpoint.ts';
import { LinkWatch, limitFrom, type WatchedJob } from './link-watch.ts';

/** Members of a job in this process. Only the calls that a watch makes are implemented. */
function jobOf(size: number): readonly WatchedJob[] {
  const rounds: ((number | Uint8Array)[] | undefined)[] = [];
  const waiting: (() => void)[][] = [];
  const exchange = async (round: number, rank: number, value: number | Uint8Array) => {
    rounds[round] ??= [];
    waiting[round] ??= [];
    const values = rounds[round] as (number | Uint8Array)[];
    values[rank] = value;
    if (values.filter(() => true).length === size) for (const wake of waiting[round] ?? []) wake();
    else await new Promise<void>((resolve) => waiting[round]?.push(resolve));
    return values;
  };
  return Array.from({ length: size }, (_, rank) => {
    let round = 0;
    return {
      rank,
      size,
      gather: async (value) => (await exchange(round++, rank, value)).map(Number),
      broadcast: async (bytes, root) => (await exchange(round++, rank, bytes))[root] as Uint8Array,
    };
  });
}

const open = (size: number, seconds = 60, millis = 50) =>
  Promise.all(jobOf(size).map((job) => LinkWatch.open(job, seconds, millis)));

describe('the processes of a job', () => {
  test('connect to the first one, and end without a loss', async () => {
    const watches = await open(4);
    for (const { unwatched, lost } of watches) {
      assert.deepEqual(unwatched, []);
      assert.equal(lost.aborted, false);
    }
    for (const watch of watches) watch.beginEnd();
    for (const watch of watches) watch.close();
    await sleep(120);
    assert.ok(watches.every(({ lost }) => !lost.aborted));
  });

  test('notice that another one has ended, if the launcher does not', async () => {
    const watches = await open(3);
    const [zero, one, two] = watches;
    one?.close();
    await sleep(20);
    assert.equal(zero?.lost.aborted, false, 'the launcher may end the job first');
    await sleep(200);
    assert.match(String(zero?.lost.reason), /^RunError: rank 1 on \S+ has ended/);
    assert.equal(two?.lost.aborted, false);
    for (const watch of watches) watch.close();
  });

  test('are not connected if the limit is 0, or if there is one', async () => {
    for (const watch of [...(await open(3, 0)), ...(await open(1))]) {
      assert.deepEqual(watch.unwatched, []);
      watch.close();
    }
  });
});

describe('the endpoint of the first process', () => {
  /** What a client that sends these lines receives, until the connection is closed. */
  const answerTo = async (endpoint: Endpoint, text: string) => {
    const socket = connectSocket(endpoint.port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setEncoding('utf8').on('data', (part) => {
      answer += part;
    });
    await new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve));
    return answer;
  };

  test('is the same after it was sent', async () => {
    const listener = await Listener.open();
    assert.deepEqual(decodeEndpoint(encodeEndpoint(listener.endpoint)), listener.endpoint);
    assert.deepEqual(await listener.close(0), []);
  });

  test('admits only processes of the job, and each once', async () => {
    const listener = await Listener.open();
    const { endpoint } = listener;
    assert.equal(await answerTo(endpoint, 'open\n'), '');
    assert.equal(await answerTo(endpoint, 'x'.repeat(100_000)), '');
    const link = await connect(endpoint, 2);
    assert.equal(link?.rank, 0);
    for (const line of ['2 again', 'two host', '-1 host'])
      assert.equal(
        await answerTo(endpoint, `${endpoint.token}\n${line}\n`),
        `${endpoint.replyToken}\n`,
        line,
      );
    const silent = answerTo(endpoint, '');
    const links = await listener.close(1);
    assert.deepEqual(
      links.map(({ rank }) => rank),
      [2],
    );
    assert.equal(await silent, '');
    await assert.rejects(
      new Promise((_, reject) => connectSocket(endpoint.port, '127.0.0.1').once('error', reject)),
    );
    link?.socket.destroy();
  });

  test('is not mistaken for another program at the same port', async () => {
    const [listener, other] = [await Listener.open(), await Listener.open()];
    assert.equal(await connect({ ...other.endpoint, token: listener.endpoint.token }, 1), undefined);
    assert.equal(await connect({ ...listener.endpoint, replyToken: 'another' }, 1), undefined);
    await Promise.all([listener.close(0), other.close(0)]);
    assert.equal(await connect(listener.endpoint, 1), undefined, 'the port is closed');
    assert.equal(await connect({ ...listener.endpoint, addresses: [] }, 1), undefined);
  });
});

test('the limit comes from the environment', () => {
  const limit = (value: string | undefined) => limitFrom({ CIFAR10_MPI_TIMEOUT: value });
  for (const [value, seconds] of [
    [undefined, 60],
    ['', 60],
    ['0', 0],
    ['15', 15],
    ['86400', 86_400],
  ] as const)
    assert.equal(limit(value), seconds);
  for (const value of ['14', '-1', '60.5', '1e9', 'a minute', 'NaN', 'Infinity'])
    assert.throws(
      () => limit(value),
      /^RunError: CIFAR10_MPI_TIMEOUT is ".*", but must be a whole number of seconds from 15 to 86400, or 0/,
    );
});
