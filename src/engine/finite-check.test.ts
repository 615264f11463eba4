/** Tests the role `finite` on every engine: a step in which a scalar is not finite changes no variable. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { newSharedGroup } from '../collective/shared-group.ts';
import { GraphError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { printGraph } from '../graph/print.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { splitExchange } from '../passes/split-exchange.ts';
import { float32, scalar } from '../tensor/tensor.ts';
import { assertClose } from '../testing/compare.ts';
import { engines } from '../testing/engines.ts';
import { computeGraph, reference } from '../testing/reference.ts';
import type { ExchangeStart, Session, Tensors } from './engine.ts';
import { finitePart } from './finite-check.ts';
import { programOf } from './onednn/compile.ts';

/**
 * A step with every kind of update, of which an engine may write some to the memory of their variables: along a gradient, from an
 * input, from another variable, one whose new value is an output, and one whose new value is watched. Two scalars must be finite.
 */
function stepGraph(exchanged: boolean): Graph {
  const b = new GraphBuilder('step');
  const type = { dtype: 'float32', shape: [2, 3] } as const;
  const [x, rate] = [b.input('x', type), b.input('rate', { dtype: 'float32', shape: [] })];
  const [w, m, copy, seen, watched, count] = ['w', 'm', 'copy', 'seen', 'watched', 'count'].map((name) =>
    b.variable(name, name === 'count' ? { dtype: 'float32', shape: [] } : type),
  );
  if (!w || !m || !copy || !seen || !watched || !count) throw new Error('six variables');
  const gradient = b.op('Mul', { a: x, b: x }, {}, 'gradient');
  if (exchanged) b.result('exchanged', 'gradient', gradient);
  const norm = b.op('L2Loss', { x: gradient }, {}, 'norm');
  const total = b.op('Sum', { x: gradient }, { axes: [0, 1], keepDims: false }, 'total');
  const next = b.op('Add', { a: b.op('Mul', { a: m, b: rate }), b: gradient }, {}, 'next');
  b.update(m, next);
  b.update(w, b.op('Sub', { a: w, b: b.op('Mul', { a: next, b: rate }) }, {}, 'stepped'));
  b.update(copy, w);
  const added = b.op('Add', { a: seen, b: gradient }, {}, 'added');
  b.update(seen, added);
  b.output('new value', added);
  const doubled = b.op('Add', { a: watched, b: gradient }, {}, 'doubled');
  b.update(watched, doubled);
  b.watch('new watched value', doubled);
  b.update(count, b.op('Add', { a: count, b: rate }, {}, 'counted'));
  b.output('norm', norm);
  b.output('old value', w);
  b.result('finite', 'norm', norm);
  b.result('finite', 'total', total);
  b.watch('next', next);
  b.watch('gradient', gradient);
  return b.build();
}

const start = new Map([
  ...['w', 'm', 'copy', 'seen', 'watched'].map(
    (name, index) => [name, float32([2, 3], [1, -2, 3, 0.5, index, -index])] as const,
  ),
  ['count', scalar(0)] as const,
]);
const feedsOf = (first: number): Tensors =>
  new Map([
    ['x', float32([2, 3], [first, 2, -3, 0.25, 1, 0])],
    ['rate', scalar(0.5)],
  ]);

async function withSession<T>(opening: Promise<Session>, body: (session: Session) => Promise<T>): Promise<T> {
  const session = await opening;
  try {
    await session.write(start);
    return await body(session);
  } finally {
    await session.release();
  }
}

/** Checks the results of a step against the reference. `NaN` equals `NaN`. */
function assertResults(
  graph: Graph,
  variables: Tensors,
  feeds: Tensors,
  found: Tensors,
  watch: boolean,
): void {
  const values = new Map(
    [...variables, ...feeds].map(([name, tensor]) => [name, reference(tensor)] as const),
  );
  const expected = computeGraph(graph, values);
  const names = [...graph.results.output.keys(), ...(watch ? graph.results.watched.keys() : [])];
  for (const name of names) {
    const tensor = found.get(name) ?? assert.fail(`no ${name}`);
    const value = expected.get(graph.results.output.has(name) ? name : `watched ${name}`) ?? assert.fail();
    const plain = (numbers: ArrayLike<number | bigint>) => Array.from(numbers, Number);
    assert.deepEqual(plain(tensor.data), plain(value.data), name);
  }
}

for (const { name, create, skip } of engines)
  describe(`a step on ${name} with a value that must be finite`, { skip }, () => {
    const groupOfOne = (): ExchangeStart => ({
      group: { kind: 'threads', memory: newSharedGroup(1), rank: 0 },
      weight: 1,
    });
    for (const exchanged of [false, true]) {
      const graph = stepGraph(exchanged);
      const title = exchanged ? ', in a session that exchanges' : '';
      for (const watch of [false, true])
        for (const bad of [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN])
          test(`keeps all variables after a feed of ${bad}${watch ? ', and returns watched values' : ''}${title}`, async () => {
            const options = exchanged ? { exchange: groupOfOne() } : {};
            await withSession(create(2).compile(graph, options), async (session) => {
              const skipped = await session.step(feedsOf(bad), { watch });
              assert.ok(!Number.isFinite(skipped.get('norm')?.data[0]));
              assertResults(graph, start, feedsOf(bad), skipped, watch);
              assert.deepEqual(await session.read(), start);
              const taken = await session.step(feedsOf(1.5), { watch });
              assertResults(graph, start, feedsOf(1.5), taken, watch);
              const after = await session.read();
              assert.notDeepEqual(after, start);
              await session.step(feedsOf(bad), { watch });
              assert.deepEqual(await session.read(), after);
              const values = new Map(
                [...start, ...feedsOf(1.5)].map(([path, tensor]) => [path, reference(tensor)] as const),
              );
              const expected = computeGraph(graph, values);
              for (const path of start.keys())
                assertClose(after.get(path), expected.get(path) ?? assert.fail(), 1e-6, path);
            });
          });
    }

    test('keeps all variables of all sessions that exchange if only one of them has a bad value', async () => {
      const memory = newSharedGroup(2);
      const options = [0, 1].map((rank) => ({
        exchange: { group: { kind: 'threads', memory, rank }, weight: 0.5 } as const,
      }));
      const sessions = await Promise.all(options.map((one) => create(1).compile(stepGraph(true), one)));
      try {
        const each = <T>(task: (session: Session, index: number) => Promise<T>) =>
          Promise.all(sessions.map(task));
        await each((session) => session.write(start));
        for (const bad of [0, 1]) {
          const found = await each((session, index) =>
            session.step(feedsOf(index === bad ? Number.POSITIVE_INFINITY : 1)),
          );
          for (const outputs of found) assert.equal(outputs.get('norm')?.data[0], Number.POSITIVE_INFINITY);
          for (const after of await each((session) => session.read())) assert.deepEqual(after, start);
        }
        await each((session, index) => session.step(feedsOf(index)));
        const [one, other] = await each((session) => session.read());
        assert.notDeepEqual(one, start);
        assert.deepEqual(one, other);
      } finally {
        await Promise.all(sessions.map((session) => session.release()));
      }
    });

    test('has the check in its placement', async () => {
      await withSession(create(1).compile(stepGraph(false)), async (session) => {
        const checks = (await session.placement()).filter(({ op }) => op === finitePart.op);
        assert.deepEqual(
          checks.map(({ kernel, device }) => [kernel, device]),
          [['check', '/device:CPU:0']],
        );
        assert.deepEqual(await session.read(), start);
      });
    });

    test('has a profile, also of steps that change no variable', async () => {
      await withSession(create(1).compile(stepGraph(false), { profiling: true }), async (session) => {
        const parts = await session.profile(feedsOf(Number.NaN), 3);
        assert.ok(parts.length > 3);
        assert.deepEqual(await session.read(), start);
      });
    });
  });

describe('values that must be finite', () => {
  test('are checked by oneDNN after everything that the step returns, and before all updates', () => {
    const program = programOf(stepGraph(false), 'float32');
    const at = program.calls.findIndex(({ kind }) => kind === 'finite_check');
    const written = (calls: typeof program.calls) => calls.flatMap(({ writes }) => Object.values(writes));
    const late = new Set(written(program.calls.slice(at)).map((slot) => slot.name));
    const { update, output, finite, watched } = program.results;
    const memory = (slot: { readonly name: string; readonly base?: { readonly name: string } }) =>
      slot.base?.name ?? slot.name;
    for (const [name, slot] of [...output, ...finite, ...watched]) assert.ok(!late.has(memory(slot)), name);
    // The new values of `m`, `seen` and `watched` are returned too.
    const updatedLate = [...update].filter(([, slot]) => late.has(memory(slot))).map(([name]) => name);
    assert.deepEqual(updatedLate, ['w', 'count']);
  });
  test('are printed', () => {
    assert.match(printGraph(stepGraph(false)), /\nfinite norm = norm\nfinite total = total\n/);
  });
  test('must be float32 scalars', () => {
    const b = new GraphBuilder('step');
    b.result('finite', 'x', b.input('x', { dtype: 'float32', shape: [2] }));
    assert.throws(
      () => b.build(),
      new GraphError(
        'graph step: the value x, which must be finite, is float32 [2], expected a float32 scalar',
      ),
    );
  });
  test('must be computed from exchanged values if there are any, because all workers must decide the same', () => {
    const b = new GraphBuilder('step');
    const x = b.input('x', { dtype: 'float32', shape: [] });
    b.result('exchanged', 'x', b.op('Add', { a: x, b: x }));
    b.result('finite', 'own', b.op('Mul', { a: x, b: x }));
    assert.throws(
      () => splitExchange(b.build()),
      new GraphError(
        'graph step: the value own, which must be finite, is not computed from exchanged values, so it would differ between workers',
      ),
    );
  });
});
