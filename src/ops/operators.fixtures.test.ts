import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { gradients } from '../autodiff/gradients.ts';
import type { Value } from '../graph/graph.ts';
import type { AttributesOf, OpName, PerInput } from '../graph/signature.ts';
import { float32, type Tensor } from '../tensor/tensor.ts';
import { assertClose } from '../testing/compare.ts';
import { allVariants } from '../testing/engines.ts';
import { loadOperatorFixtures, type NestedTensor } from '../testing/fixtures.ts';
import { computeGraph, type Reference, reference } from '../testing/reference.ts';
import { GraphBuilder } from './builder.ts';
import { definitions } from './table.ts';

/** The reference computes in float64, apart from float32 constants. */
const referenceTolerance = 1e-7;

function tensorOf({ dtype, shape, values }: NestedTensor): Tensor {
  return dtype === 'int32' ? { dtype, shape, data: Int32Array.from(values) } : float32(shape, values);
}

function isOpName(name: string): name is OpName {
  return Object.hasOwn(definitions, name);
}

/** One graph of all cases, the tensors to pass in, and the expected outputs by name. */
const builder = new GraphBuilder('fixtures');
const feeds = new Map<string, Tensor>();
const expected = new Map<string, NestedTensor>();

const titles = loadOperatorFixtures().map(
  ({ name, op, attributes, inputs, outputs, dy, gradients: slopes }, index) => {
    assert.ok(isOpName(op), op);
    const title = `case${index}`;
    const values = Object.entries(inputs).map(([input, tensor]): [string, Value] => {
      feeds.set(`${title}/${input}`, tensorOf(tensor));
      return [input, builder.input(`${title}/${input}`, tensorOf(tensor))];
    });
    const results = addCase(op, Object.fromEntries(values), attributes, title);
    for (const [output, tensor] of Object.entries(outputs)) {
      const value = results[output];
      assert.ok(value, `${op} has no output ${output}`);
      builder.output(`${title}/output/${output}`, value);
      expected.set(`${title}/output/${output}`, tensor);
    }
    const [first] = Object.values(results);
    assert.ok(first);
    const weighted = builder.op('Mul', { a: first, b: builder.op('Constant', {}, { value: tensorOf(dy) }) });
    const sum = builder.op('Sum', { x: weighted }, { axes: [...first.shape.keys()], keepDims: false });
    const wanted = values.filter(([input]) => slopes[input] !== undefined);
    const found = gradients(
      builder,
      sum,
      wanted.map(([, value]) => value),
    );
    wanted.forEach(([input], position) => {
      const [slope, tensor] = [found[position], slopes[input]];
      assert.ok(slope && tensor);
      builder.output(`${title}/gradient/${input}`, slope);
      expected.set(`${title}/gradient/${input}`, tensor);
    });
    return { title, what: `${op}, ${name}` };
  },
);

function addCase<N extends OpName>(
  op: N,
  inputs: object,
  attributes: object,
  title: string,
): Readonly<Record<string, Value>> {
  return builder.outputsOf<N>(op, inputs as PerInput<N, Value>, attributes as AttributesOf<N>, title);
}

const graph = builder.build();
const plain = computeGraph(graph, new Map([...feeds].map(([name, tensor]) => [name, reference(tensor)])));

/** Asserts the values and gradients of one case. */
function assertCase(
  title: string,
  computed: ReadonlyMap<string, Tensor | Reference>,
  tolerance: number,
): void {
  for (const [name, { shape, values }] of expected) {
    if (name.startsWith(`${title}/`))
      assertClose(computed.get(name), { shape, data: values }, tolerance, name);
  }
}

describe('the reference agrees with PyTorch in float64 for the values and gradients of every operator', () => {
  for (const { title, what } of titles) test(what, () => assertCase(title, plain, referenceTolerance));
});

for (const { title: engine, missing, create, tolerance } of allVariants) {
  describe(`${engine} agrees with PyTorch in float64 for every operator`, { skip: missing }, () => {
    let computed: ReadonlyMap<string, Tensor>;
    before(async () => {
      const session = await create(2).compile(graph);
      computed = await session.step(feeds);
      await session.release();
    });
    for (const { title, what } of titles) test(what, () => assertCase(title, computed, tolerance));
  });
}
