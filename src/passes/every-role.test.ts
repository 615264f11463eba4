/** Tests that passes and engines keep the results of every role and the role of every variable. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { offers } from '../engine/offers.ts';
import { programOf } from '../engine/onednn/compile.ts';
import { onnxPasses } from '../engine/onnx/compile/passes.ts';
import { capabilitiesOf, cpuTarget } from '../engine/onnx/compile/targets.ts';
import type { Graph, VariableRole } from '../graph/graph.ts';
import { printGraph } from '../graph/print.ts';
import { type ResultRole, type Results, resultEntries, withoutRole } from '../graph/results.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { RandomStream } from '../tensor/random.ts';
import { float32, sizeOf } from '../tensor/tensor.ts';
import { assertClose } from '../testing/compare.ts';
import { float32Variants } from '../testing/engines.ts';
import { computeGraph, reference } from '../testing/reference.ts';
import { commuteBias, commuteRelu } from './commute-pool.ts';
import { mergeEqual, type Pass, prune } from './rewrite.ts';
import { duplicateForWatched } from './watch.ts';

// Omitting a role here is a compile error.
const resultRoles: Readonly<Record<ResultRole, true>> = {
  output: true,
  update: true,
  exchanged: true,
  finite: true,
  watched: true,
};
const variableRoles: Readonly<Record<VariableRole, true>> = {
  parameter: true,
  state: true,
  slot: true,
  average: true,
};

/** Builds a graph with a result of every role and a variable of every role. Its nodes are of the kinds that passes move, copy
 * and merge. */
function everyRole(): Graph {
  const b = new GraphBuilder('every role');
  const x = b.input('x', { dtype: 'float32', shape: [2, 4, 6, 6] });
  const convolved = b.op(
    'Conv2D',
    { x, filter: b.variable('filter', { dtype: 'float32', shape: [4, 4, 3, 3] }) },
    { padding: 'SAME' },
  );
  const biased = b.op('BiasAdd', {
    x: convolved,
    bias: b.variable('bias', { dtype: 'float32', shape: [4] }),
  });
  const relu = b.op('Relu', { x: biased });
  const pooled = b.op('MaxPool', { x: relu }, { size: 2, stride: 2, padding: 'VALID' });
  const sum = b.op('Sum', { x: pooled }, { axes: [0, 1, 2, 3], keepDims: false });
  for (const role of Object.keys(variableRoles) as VariableRole[]) {
    const variable = b.variable(`of role ${role}`, { dtype: 'float32', shape: [] }, role);
    b.update(variable, b.op('Add', { a: variable, b: sum }));
  }
  for (const role of Object.keys(resultRoles) as ResultRole[]) {
    if (role === 'update') continue; // defined above
    // The ReLU can move after the pool only because all its other readers are watched results.
    const value = role === 'watched' ? relu : role === 'finite' ? sum : b.op('Mul', { a: pooled, b: pooled });
    b.result(role, `of role ${role}`, value);
  }
  b.output(
    'after',
    b.op('Sum', { x: b.op('Mul', { a: pooled, b: pooled }) }, { axes: [0, 1, 2, 3], keepDims: false }),
  );
  return b.build();
}

const graph = everyRole();
const given = new Map(
  [...graph.inputs, ...graph.variables].map(([name, { shape }], index) => {
    const stream = new RandomStream(index, 'test');
    return [
      name,
      float32(
        shape,
        Float32Array.from({ length: sizeOf(shape) }, () => stream.normal()),
      ),
    ] as const;
  }),
);
const values = new Map([...given].map(([name, tensor]) => [name, reference(tensor)] as const));
const expected = computeGraph(graph, values);

const passes: Readonly<Record<string, Pass>> = {
  prune,
  mergeEqual,
  commuteRelu,
  commuteBias,
  duplicateForWatched: (before) => duplicateForWatched(before, ({ op }) => op === 'Relu'),
  ...Object.fromEntries(
    onnxPasses(capabilitiesOf(cpuTarget)).map((pass, index) => [
      `pass ${index + 1} of the ONNX engine`,
      pass,
    ]),
  ),
};

const rolesOf = ({ results }: { readonly results: Results<unknown> }) =>
  resultEntries(results)
    .map(([role, name]) => `${role} ${name}`)
    .sort();

describe('results and variables of every role', () => {
  for (const [name, pass] of Object.entries(passes)) {
    test(`survive ${name}`, () => {
      const after = pass(graph);
      assert.deepEqual(rolesOf(after), rolesOf(graph));
      assert.deepEqual(
        [...after.variables].map(([path, { role }]) => [path, role]),
        [...graph.variables].map(([path, { role }]) => [path, role]),
      );
      for (const [result, value] of computeGraph(after, values))
        assertClose(value, expected.get(result) ?? value, 1e-12, result);
    });
  }

  test('are printed with their roles', () => {
    const text = printGraph(graph);
    for (const role of Object.keys(variableRoles))
      assert.ok(text.includes(`\n${role} of role ${role} → `), role);
    for (const [role, name] of resultEntries(graph.results))
      assert.ok(text.includes(`\n${role} ${name} = `), role);
  });

  test('are all in the oneDNN program, except the exchanged role, which a single worker drops', () => {
    const alone = { results: withoutRole(graph.results, 'exchanged') };
    for (const precision of offers.onednn.cpu)
      assert.deepEqual(rolesOf(programOf(graph, precision)), rolesOf(alone));
  });

  for (const { title, create, missing } of float32Variants) {
    test(`are returned by ${title}, bit-identical with and without the exchanged role`, {
      skip: missing,
    }, async () => {
      const run = async (compiled: Graph) => {
        const session = await create(2).compile(compiled);
        try {
          await session.write(new Map([...given].filter(([path]) => graph.variables.has(path))));
          const fed = new Map([...given].filter(([path]) => graph.inputs.has(path)));
          return new Map([...(await session.step(fed, { watch: true })), ...(await session.read())]);
        } finally {
          await session.release();
        }
      };
      const whole = await run(graph);
      const alone = await run({ ...graph, results: withoutRole(graph.results, 'exchanged') });
      assert.deepEqual(whole, alone);
      for (const [role, path] of resultEntries(graph.results)) {
        const value = expected.get(role === 'watched' ? `watched ${path}` : path);
        if (role !== 'exchanged' && value !== undefined) assertClose(whole.get(path), value, 1e-5, path);
      }
    });
  }
});
