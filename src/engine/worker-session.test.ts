import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { RunError } from '../errors.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { float32, scalar, type Tensor } from '../tensor/tensor.ts';
import { engines, float32Variants } from '../testing/engines.ts';
import { serviceThread } from '../testing/service-thread.ts';
import { Thread } from '../threads/thread.ts';
import { ThreadPool } from '../threads/thread-pool.ts';
import type { Engine, Session } from './engine.ts';
import { type SessionMethods, WorkerSession } from './worker-session.ts';

/** Builds a graph that adds x · y to `sum` and returns the previous sum. */
function adding() {
  const b = new GraphBuilder('adding');
  const x = b.input('x', { dtype: 'float32', shape: [2] });
  const y = b.input('y', { dtype: 'float32', shape: [] });
  const sum = b.variable('sum', { dtype: 'float32', shape: [2] });
  b.update(sum, b.op('Add', { a: sum, b: b.op('Mul', { a: x, b: y }) }));
  b.output('before', b.op('Neg', { x: b.op('Neg', { x: sum }) }));
  return b.build();
}

const feeds = new Map<string, Tensor>([
  ['x', float32([2], [1, 2])],
  ['y', scalar(10)],
]);

async function withSession(engine: Engine, body: (session: Session) => Promise<void>): Promise<void> {
  const session = await engine.compile(adding());
  try {
    await body(session);
  } finally {
    await session.release();
  }
}

for (const { title, missing, create } of float32Variants) {
  describe(`a session of ${title}`, { skip: missing }, () => {
    test('starts from zeros, keeps unwritten variables, and returns copies', async () => {
      await withSession(create(1), async (session) => {
        assert.deepEqual((await session.step(feeds)).get('before'), float32([2], [0, 0]));
        const kept = (await session.read()).get('sum');
        await session.write(new Map());
        assert.deepEqual((await session.step(feeds)).get('before'), float32([2], [10, 20]));
        assert.deepEqual(kept, float32([2], [10, 20]));
        await session.write(new Map([['sum', float32([2], [1, 1])]]));
        assert.deepEqual((await session.step(feeds)).get('before'), float32([2], [1, 1]));
        assert.deepEqual((await session.read()).get('sum'), float32([2], [11, 21]));
      });
    });

    test('refuses unknown and unsuitable tensors by name, and continues to work', async () => {
      await withSession(create(1), async (session) => {
        const refused = (work: Promise<unknown>, message: string) =>
          assert.rejects(work, new RunError(message));
        await refused(session.step(new Map()), 'graph adding: missing inputs x, y');
        await refused(session.step(new Map([['y', scalar(1)]])), 'graph adding: missing input x');
        await refused(session.step(new Map(feeds).set('z', scalar(1))), 'unknown input z; expected x, y');
        await refused(
          session.step(new Map(feeds).set('x', float32([3], [1, 2, 3]))),
          'input x: expected float32 [2], found float32 [3]',
        );
        const classes: Tensor = { dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) };
        await refused(
          session.step(new Map(feeds).set('x', classes)),
          'input x: expected float32 [2], found int32 [2]',
        );
        await refused(session.write(new Map([['total', scalar(1)]])), 'unknown variable total; expected sum');
        await refused(
          session.write(new Map([['sum', scalar(1)]])),
          'variable sum: expected float32 [2], found float32 []',
        );
        assert.deepEqual((await session.read()).get('sum'), float32([2], [0, 0]));
      });
    });

    test('answers requests in order', async () => {
      await withSession(create(1), async (session) => {
        const steps = [1, 2, 3].map(() => session.step(feeds));
        const before = (await Promise.all(steps)).map((outputs) => outputs.get('before')?.data[0]);
        assert.deepEqual(before, [0, 10, 20]);
      });
    });

    test('refuses requests after release, but can be released again', async () => {
      const session = await create(1).compile(adding());
      await session.release();
      await assert.rejects(session.read(), new RunError('the session of graph adding has been released'));
      await session.release();
    });
  });
}

describe('the thread of a session', () => {
  /** Options for sessions whose threads run a script. They also count the threads that were started. */
  const optionsFor = (script: string) => {
    let started = 0;
    const threads = new ThreadPool<undefined, SessionMethods>(() => {
      started++;
      return new Thread('the thread of a session', serviceThread(script));
    });
    const adviceFor = () => 'Install it.';
    return { library: 'Lib', threads, start: undefined, adviceFor, started: () => started };
  };
  const start = (script: string) => WorkerSession.create(adding(), optionsFor(script));
  const failing = `serve(() => ({
    step: () => { throw new Error('no film'); },
    read: () => new Map(),
  }));`;

  test('reports the error and advice if it cannot start', async () => {
    await assert.rejects(
      start("throw new Error('no library')"),
      new RunError('Lib cannot run graph adding: no library. Install it.'),
    );
  });

  test('makes the session fail if it ends before it is ready', async () => {
    await assert.rejects(start(''), /^RunError: Lib cannot run graph adding: its thread ended with code 0/);
  });

  test('reports the reason of a failed request with the error as its cause, and answers the next request', async () => {
    const session = await start(failing);
    await assert.rejects(session.step(feeds), (error) => {
      assert.ok(error instanceof RunError && error.cause instanceof Error);
      assert.deepEqual([error.message, error.cause.message], ['Lib, graph adding: no film', 'no film']);
      return true;
    });
    assert.deepEqual(await session.read(), new Map());
    await session.release();
  });

  test('makes pending and later requests fail if it dies', async () => {
    const session = await start(
      "serve(() => ({ step: () => setImmediate(() => { throw new Error('broken'); }) && new Promise(() => {}) }));",
    );
    const message = new RunError('Lib cannot run graph adding: broken. Install it.');
    await Promise.all([
      assert.rejects(session.step(feeds), message),
      assert.rejects(session.step(feeds), message),
    ]);
    await assert.rejects(session.read(), message);
    await session.release();
  });

  test('reports which resource ran out, and its limit, instead of the library output', async () => {
    const said =
      'bfc_arena.cc:360 void* Allocate(size_t) Failed to allocate memory for requested buffer of size 9';
    const session = await start(`serve(() => ({ step: () => { throw new Error('${said}'); } }));`);
    await assert.rejects(
      session.step(feeds),
      /^RunError: Lib, graph adding: out of memory: .* Use a smaller `batchSize`/,
    );
    await session.release();
  });

  test('serves the next session after a release, even after failed steps', async () => {
    const options = optionsFor(failing);
    for (let i = 0; i < 3; i++) {
      const session = await WorkerSession.create(adding(), options);
      await assert.rejects(session.step(feeds), /no film/);
      await session.release();
    }
    assert.equal(options.started(), 1);
    const both = [
      await WorkerSession.create(adding(), options),
      await WorkerSession.create(adding(), options),
    ];
    assert.equal(options.started(), 2, 'two open sessions need two threads');
    for (const session of both) await session.release();
  });

  test('serves the next session after one that could not be made ready', async () => {
    const options = optionsFor(`let attempts = 0;
      serve(() => { if (attempts++ === 0) throw new Error('bad graph'); return {}; });`);
    await assert.rejects(
      WorkerSession.create(adding(), options),
      new RunError('Lib, graph adding: bad graph'),
    );
    await (await WorkerSession.create(adding(), options)).release();
    assert.equal(options.started(), 1);
  });

  test('serves no other session if it could not release one', async () => {
    const options = optionsFor("serve(() => ({ close: () => { throw new Error('stuck'); } }));");
    const session = await WorkerSession.create(adding(), options);
    await assert.rejects(session.release(), new RunError('Lib, graph adding: stuck'));
    await assert.rejects((await WorkerSession.create(adding(), options)).release(), /stuck/);
    assert.equal(options.started(), 2);
  });

  test('is replaced if it dies while it is idle', async () => {
    const options = optionsFor('serve(() => ({ close: () => { setTimeout(() => process.exit(1), 5); } }));');
    await (await WorkerSession.create(adding(), options)).release();
    await new Promise((resolve) => setTimeout(resolve, 300));
    await (await WorkerSession.create(adding(), options)).release();
    assert.equal(options.started(), 2);
  });
});

// koffi never frees the memory it allocates per calling thread: one thread per session would leak three mappings each.
const isLinux = process.platform === 'linux';
for (const { name, skip, create } of engines) {
  test(`many consecutive sessions of ${name} leak no memory mappings`, {
    skip: isLinux ? skip : 'mappings are listed on Linux only',
  }, async () => {
    const mappings = () => readFileSync('/proc/self/maps', 'utf8').split('\n').length;
    const open = () => withSession(create(1), async (session) => void (await session.step(feeds)));
    for (let i = 0; i < 5; i++) await open();
    const before = mappings();
    for (let i = 0; i < 40; i++) await open();
    // A leak would add 120. V8's heap adds about 40 at once, at some time.
    assert.ok(mappings() - before < 80, `${before} mappings, then ${mappings()}`);
  });
}
