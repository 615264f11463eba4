import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { GraphError, RunError, StoppedError, UsageError } from '../errors.ts';
import { serviceFile, serviceThread } from '../testing/service-thread.ts';
import { threadFailure } from './start-worker.ts';
import { Thread } from './thread.ts';

type Counting = {
  readonly add: (more: number, millis?: number) => number;
  readonly sum: () => number;
  readonly double: (values: Float32Array) => Float32Array;
  readonly fail: (kind: string) => void;
  readonly leave: (code: number) => void;
};

const counting = `
  import { GraphError, RunError, StoppedError, UsageError } from '${new URL('../errors.js', import.meta.url)}';
  const classes = { GraphError, RunError, StoppedError, UsageError, TypeError, Error };
  serve((start, notify) => {
    if (typeof start !== 'number') throw new UsageError('a count starts with a number');
    let sum = start;
    return {
      add: async (more, millis) => {
        if (millis !== undefined) await new Promise((resolve) => setTimeout(resolve, millis));
        sum += more;
        if (sum > 100) notify('many');
        return sum;
      },
      sum: () => sum,
      double: (values) => { for (let i = 0; i < values.length; i++) values[i] *= 2; return values; },
      fail: (kind) => {
        if (kind === 'text') throw 'a text';
        if (kind === 'function') return () => 1;
        const cause = Object.assign(new Error('no file'), { code: 'ENOENT', path: '/a', stop: () => 1 });
        throw Object.assign(new classes[kind]('went wrong', { cause }), { step: 7 });
      },
      leave: (code) => process.exit(code),
      close: () => notify('closed'),
    };
  });`;

function count(lines: string = counting, onNotice?: (notice: string) => void) {
  return new Thread<number, Counting>('a thread that counts', serviceThread(lines), onNotice);
}

async function withCount(
  body: (thread: Thread<number, Counting>, notices: readonly string[]) => Promise<void>,
): Promise<void> {
  const notices: string[] = [];
  const thread = count(undefined, (notice) => notices.push(notice));
  try {
    await thread.begin(40);
    await body(thread, notices);
  } finally {
    await thread.terminate();
  }
}

describe('calls', () => {
  test('are answered one at a time and in order, however long each of them takes', () =>
    withCount(async (thread) => {
      const sums = [thread.call('add', [1, 30]), thread.call('add', [1]), thread.call('sum', [])];
      assert.deepEqual(await Promise.all(sums), [41, 42, 42]);
    }));

  test('that are made before the service has started wait for it', async () => {
    const thread = count();
    const [, sum] = await Promise.all([thread.begin(2), thread.call('add', [2])]);
    assert.equal(sum, 4);
    await thread.terminate();
  });

  test('copy their arguments, except for memory that is transferred, and transfer the memory of their results', () =>
    withCount(async (thread) => {
      const values = Float32Array.of(1, 2);
      assert.deepEqual(await thread.call('double', [values]), Float32Array.of(2, 4));
      assert.deepEqual(values, Float32Array.of(1, 2));
      assert.deepEqual(await thread.call('double', [values], [values.buffer]), Float32Array.of(2, 4));
      assert.equal(values.length, 0, 'the array has been transferred to the thread');
    }));

  test('do not copy shared memory', () =>
    withCount(async (thread) => {
      const values = new Float32Array(new SharedArrayBuffer(8)).fill(3);
      await thread.call('double', [values]);
      assert.deepEqual([...values], [6, 6]);
    }));

  test('reject if their arguments or results cannot be sent, and the next call is answered', () =>
    withCount(async (thread) => {
      const notSendable = (() => 1) as unknown as number;
      await assert.rejects(thread.call('add', [notSendable]), { name: 'DataCloneError' });
      await assert.rejects(thread.call('fail', ['function']), /could not be cloned/);
      assert.equal(await thread.call('add', [1]), 41);
    }));

  test('of a method that does not exist are refused with its name', () =>
    withCount(async (thread) => {
      const call = thread.call as unknown as (method: string, args: readonly unknown[]) => Promise<unknown>;
      await assert.rejects(call.call(thread, 'subtract', [1]), /the service has no method subtract/);
    }));

  test('can be accompanied by notices', () =>
    withCount(async (thread, notices) => {
      await thread.call('add', [50]);
      assert.deepEqual(notices, []);
      await thread.call('add', [50]);
      assert.deepEqual(notices, ['many']);
    }));
});

describe('errors of a service', () => {
  for (const ErrorClass of [RunError, UsageError, GraphError, StoppedError, TypeError, Error]) {
    const { name } = ErrorClass;
    test(`keep their class, code, fields, stack and cause: ${name}`, () =>
      withCount(async (thread) => {
        const error: unknown = await thread.call('fail', [name]).catch((thrown: unknown) => thrown);
        assert.ok(error instanceof ErrorClass);
        const expected = Object.assign(new ErrorClass('went wrong'), { step: 7 });
        assert.deepEqual({ ...error }, { ...expected });
        assert.equal(`${error}`, `${name}: went wrong`);
        assert.match(error.stack ?? '', /at .*fail/);
        assert.ok(error.cause instanceof Error);
        assert.deepEqual({ ...error.cause }, { code: 'ENOENT', path: '/a' });
        assert.equal(error.cause.message, 'no file');
        assert.equal(await thread.call('sum', []), 40, 'the thread continues');
      }));
  }

  test('that are not instances of Error become errors with their text', () =>
    withCount((thread) => assert.rejects(thread.call('fail', ['text']), new Error('a text'))));

  test('that prevent its start are thrown by every call, until another service starts', async () => {
    const thread = count();
    const refused = new UsageError('a count starts with a number');
    const begun = thread.begin('many' as unknown as number);
    const calls = [thread.call('sum', []), thread.call('add', [1])];
    for (const call of [begun, ...calls]) await assert.rejects(call, refused);
    await thread.begin(1);
    assert.equal(await thread.call('sum', []), 1);
    await thread.terminate();
  });
});

describe('the end', () => {
  test('of a service leaves the thread for the next one', () =>
    withCount(async (thread, notices) => {
      await thread.call('add', [2]);
      await thread.close();
      assert.deepEqual(notices, ['closed']);
      await assert.rejects(thread.call('sum', []), /sum was called before a service began/);
      await thread.begin(5);
      assert.equal(await thread.call('sum', []), 5);
    }));

  const ends: readonly (readonly [title: string, lines: string, message: RegExp])[] = [
    ['a file that throws', "throw new Error('no such planet');", /^no such planet$/],
    ['a file that serves nothing', '', /^its thread ended with code 0$/],
    ['a thread that leaves', 'process.exit(3);', /^its thread ended with code 3$/],
    [
      'a file that is missing',
      "await import('file:///app/cifar10-x-worker.js');",
      /^the file of its thread is missing: \/app\/cifar10-x-worker\.js\. If the program was bundled/,
    ],
    [
      'an error outside a call',
      "serve(() => ({ add: () => { setTimeout(() => { throw new TypeError('late'); }, 1); return new Promise(() => {}); } }));",
      /^late$/,
    ],
  ];
  for (const [title, lines, message] of ends)
    test(`of a thread rejects pending calls and all later ones: ${title}`, async () => {
      const thread = count(lines);
      const told = (call: Promise<unknown>) => call.then(() => 'answered', threadFailure);
      const [, ...waiting] = [thread.begin(1), thread.call('add', [1]), thread.call('sum', [])].map(told);
      for (const text of await Promise.all(waiting)) assert.match(text, message);
      assert.ok(thread.hasEnded);
      assert.match(await told(thread.call('sum', [])), message);
      await thread.terminate();
    });

  test('of a thread that ran out of memory is reported as such', () => {
    const growing =
      'serve(() => ({ grow: () => { const kept = []; for (;;) kept.push(new Array(1000).fill(0.5)); } }));';
    const script = `
      const { Thread } = await import('${new URL('./thread.js', import.meta.url)}');
      const { threadFailure } = await import('${new URL('./start-worker.js', import.meta.url)}');
      const { Worker } = await import('node:worker_threads');
      const file = new URL(${JSON.stringify(serviceFile(growing).href)});
      const thread = new Thread('a thread that grows', () => new Worker(file));
      await thread.begin(0);
      await thread.call('grow', []).catch((error) => console.log(threadFailure(error)));`;
    const words = ['--max-old-space-size=60', '--input-type=module', '-e', script];
    const { stdout } = spawnSync(process.execPath, words, { encoding: 'utf8' });
    assert.match(stdout, /^out of memory: .*Use a smaller `batchSize`/);
  });

  test('of a thread during a call rejects the call and all later ones', () =>
    withCount(async (thread) => {
      const calls = [thread.call('add', [1]), thread.call('leave', [4]), thread.call('sum', [])];
      const told = await Promise.all(calls.map((call) => call.then(String, threadFailure)));
      assert.deepEqual(told, ['41', ...Array(2).fill('its thread ended with code 4')]);
    }));

  test('of a thread by terminate() rejects pending calls, and terminate() can be called again', () =>
    withCount(async (thread) => {
      const waiting = assert.rejects(thread.call('add', [1, 60_000]), /its thread was ended/);
      await thread.terminate();
      await waiting;
      await assert.rejects(thread.close(), /its thread was ended/);
    }));
});

test('a thread keeps the process alive until it is allowed to end', () => {
  const script = (alive: boolean) => `
    const { Thread } = await import('${new URL('./thread.js', import.meta.url)}');
    const { Worker } = await import('node:worker_threads');
    const thread = new Thread('a thread', () => new Worker(new URL(${JSON.stringify(serviceFile(counting).href)})));
    await thread.begin(1);
    thread.keepAlive(${alive});
    setTimeout(() => { console.log('still here'); process.exit(); }, 500).unref();`;
  const run = (alive: boolean) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', script(alive)], { encoding: 'utf8' });
  assert.deepEqual(
    [run(true), run(false)].map(({ stdout, stderr }) => stdout + stderr),
    ['still here\n', ''],
  );
});
