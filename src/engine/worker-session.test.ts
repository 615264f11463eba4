import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RunError } from '../errors.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { float32, scalar, type Tensor } from '../tensor/tensor.ts';
import { engines } from '../testing/engines.ts';
import type { Engine, Session } from './engine.ts';
import { WorkerSession } from './worker-session.ts';

/** Adds what is fed to `sum`, and returns the sum before. */
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

for (const { name, skip, create } of engines) {
  describe(`a session of ${name}`, { skip }, () => {
    test('steps from zeros, keeps what it was not given, and returns copies', async () => {
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

    test('refuses what has no place or does not fit, by name, and goes on as it was', async () => {
      await withSession(create(1), async (session) => {
        const refused = (work: Promise<unknown>, message: string) =>
          assert.rejects(work, new RunError(message));
        await refused(session.step(new Map()), 'graph adding is not fed x, y');
        await refused(session.step(new Map([['y', scalar(1)]])), 'graph adding is not fed x');
        await refused(
          session.step(new Map(feeds).set('z', scalar(1))),
          'the graph has no input named z; it has x, y',
        );
        await refused(
          session.step(new Map(feeds).set('x', float32([3], [1, 2, 3]))),
          'input x is float32 [2], it was given float32 [3]',
        );
        const classes: Tensor = { dtype: 'int32', shape: [2], data: Int32Array.of(1, 2) };
        await refused(
          session.step(new Map(feeds).set('x', classes)),
          'input x is float32 [2], it was given int32 [2]',
        );
        await refused(
          session.write(new Map([['total', scalar(1)]])),
          'the graph has no variable named total; it has sum',
        );
        await refused(
          session.write(new Map([['sum', scalar(1)]])),
          'variable sum is float32 [2], it was given float32 []',
        );
        assert.deepEqual((await session.read()).get('sum'), float32([2], [0, 0]));
      });
    });

    test('answers in the order in which it is asked', async () => {
      await withSession(create(1), async (session) => {
        const steps = [1, 2, 3].map(() => session.step(feeds));
        const before = (await Promise.all(steps)).map((outputs) => outputs.get('before')?.data[0]);
        assert.deepEqual(before, [0, 10, 20]);
      });
    });

    test('that is released says so, and may be released again', async () => {
      const session = await create(1).compile(adding());
      await session.release();
      await assert.rejects(session.read(), new RunError('the session of graph adding is released'));
      await session.release();
    });
  });
}

describe('the thread of a session', () => {
  const start = (script: string) =>
    WorkerSession.create(adding(), {
      library: 'Lib',
      script: new URL(`data:text/javascript,${encodeURIComponent(script)}`),
      start: undefined,
      advice: 'Install it.',
    });
  /** A thread that is ready, and then does this with a message. */
  const ready = (onMessage: string) =>
    `import { parentPort } from 'node:worker_threads';
     parentPort.postMessage({ kind: 'done', tensors: new Map() });
     parentPort.on('message', ({ kind }) => {
       if (kind !== 'release') { ${onMessage} }
       else { parentPort.postMessage({ kind: 'done', tensors: new Map() }); parentPort.close(); }
     });`;

  test('that cannot start says what to do', async () => {
    await assert.rejects(
      start("throw new Error('no library')"),
      new RunError('Lib cannot run graph adding: no library. Install it.'),
    );
  });

  test('that ends before it is ready is no session', async () => {
    await assert.rejects(start(''), new RunError('the session of graph adding is released'));
  });

  test('that refuses a request gives its reason, and answers the next', async () => {
    const session = await start(
      ready(
        "parentPort.postMessage(kind === 'read' ? { kind: 'done', tensors: new Map() } : { kind: 'failed', message: 'no memory' })",
      ),
    );
    await assert.rejects(session.step(feeds), new RunError('Lib, graph adding: no memory'));
    assert.deepEqual(await session.read(), new Map());
    await session.release();
  });

  test('that dies at work fails what waits for it and what comes later', async () => {
    const session = await start(ready("throw new Error('out of memory')"));
    const message = new RunError('Lib cannot run graph adding: out of memory. Install it.');
    await Promise.all([
      assert.rejects(session.step(feeds), message),
      assert.rejects(session.step(feeds), message),
    ]);
    await assert.rejects(session.read(), message);
    await session.release();
  });
});
