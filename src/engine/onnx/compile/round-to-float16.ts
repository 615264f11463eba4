/**
 * Computes a graph with float16 values in float32, and rounds what float16 would round. ONNX Runtime has no float16 kernels for
 * CPUs: it inserts casts to float32 around every operator, and then removes those that undo each other
 * (`InsertCastTransformer`), so that nothing is rounded between one float16 operator and the next. It keeps a cast to
 * float16 that is followed by a cast to float32, if both are in the model.
 *
 *     before  y = Conv2D(x, filter), r = Relu(y)                              all float16
 *     after   y = Cast(Cast(Conv2D(x, filter), float16), float32), r = Relu(y)          all float32
 *
 * Values whose operator is `exact` need no rounding, because their operands are rounded. The result of a matrix product that is only
 * cast to float32, such as the gradient of a filter, is not rounded either: the product is float32 here.
 */
import { type Graph, inputsOf, type Node, outputsOf, readers, type Value } from '../../../graph/graph.ts';
import { resultValues } from '../../../graph/results.ts';
import type { GraphBuilder } from '../../../ops/builder.ts';
import type { Apply } from '../../../ops/definition.ts';
import { definitions } from '../../../ops/table.ts';
import { addNode, type Pass, withInputs } from '../../../passes/rewrite.ts';
import { Casts, rewriteTypes } from './casts.ts';

export const roundToFloat16: Pass = (graph) => {
  const widened = new Casts();
  const exact = exactProducts(graph);
  return rewriteTypes(graph, (node, builder) => inFloat32(node, builder, widened, exact));
};

function inFloat32(
  node: Node,
  builder: GraphBuilder,
  widened: Casts,
  exact: ReadonlySet<Value>,
): Readonly<Record<string, Value>> | undefined {
  const { op } = builder;
  const values = [...inputsOf(node), ...outputsOf(node)];
  if (values.every(([, { dtype }]) => dtype !== 'float16')) return undefined;
  const wide = (value: Value) => (value.dtype === 'float16' ? widened.as('float32', value, op) : value);
  if (node.op === 'Cast') {
    const x = wide(node.inputs.x);
    return { y: node.attributes.to === 'float32' ? x : rounded(op, x) };
  }
  const outputs = new Map(Object.entries(addNode(withInputs(node, wide), builder)));
  const isExact = definitions[node.op].float16 === 'exact';
  for (const [name, value] of outputsOf(node)) {
    const y = outputs.get(name);
    if (value.dtype !== 'float16' || y === undefined || exact.has(value)) continue;
    if (y.dtype === 'float16')
      outputs.set(name, widened.as('float32', y, op)); // a constant
    else if (!isExact) outputs.set(name, rounded(op, y));
  }
  return Object.fromEntries(outputs);
}

/** Returns the results of matrix products that are only cast to float32. */
function exactProducts(graph: Graph): ReadonlySet<Value> {
  const readBy = readers(graph);
  const results = new Set(resultValues(graph.results));
  const isCast = (node: Node) => node.op === 'Cast' && node.attributes.to === 'float32';
  const products = graph.nodes.filter(({ op }) => definitions[op].float16 === 'operands');
  const found = products.flatMap((node) => outputsOf(node).map(([, value]) => value));
  return new Set(found.filter((value) => !results.has(value) && readBy.get(value)?.every(isCast)));
}

/** Rounds the numbers of a float32 value to float16. */
function rounded(op: Apply, x: Value): Value {
  return op('Cast', { x: op('Cast', { x }, { to: 'float16' }) }, { to: 'float32' });
}
