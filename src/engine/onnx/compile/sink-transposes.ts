/**
 * Moves transpositions in front of an operator, such as a residual sum: instead of its result, its operands are transposed to
 * the engine's order of axes (`layout.ts`). An operand is often the result of the opposite transposition, and then the two
 * cancel (`cancel-transposes.ts`).
 *
 *     before  y = Add(turn(a), turn(b));  z = turn(y)          before  y = Pad(turn(a), before, after);  z = turn(y)
 *     after   y = turn(Add(a, b));        z = turn(y)          after   y = turn(Pad(a, before', after'));  z = turn(y)
 *
 * Parts of a batch that are joined (Concat) are moved like operands of a sum, if all of them are results of transpositions.
 *
 * `turn` exchanges the first two axes with the last two, so it is its own inverse. The pass applies only if every reader of y
 * transposes it. An operand of a sum that is not transposed yet is transposed for the sum.
 */
import { type Graph, inputsOf, type Node, outputsOf, type Value } from '../../../graph/graph.ts';
import { resultValues } from '../../../graph/results.ts';
import type { GraphBuilder } from '../../../ops/builder.ts';
import type { Apply } from '../../../ops/definition.ts';
import { type Pass, prune, rewrite } from '../../../passes/rewrite.ts';
import { withoutWatched } from '../../../passes/watch.ts';
import { turn, turned } from './layout.ts';

export const sinkTransposes: Pass = (graph) => {
  const wanted = wantedTurned(graph);
  /** The results of transpositions, with the values that were transposed. */
  const sources = new Map<Value, Value>();
  const sunk = rewrite(graph, (node, builder) => {
    const x = isTurn(node) ? node.inputs.x : inEngineOrder(node, builder, wanted, sources);
    if (x === undefined) return undefined;
    const y = turned(builder.op, x);
    sources.set(y, x);
    return { y };
  });
  return prune(sunk);
};

/** Returns the values that are read only by transpositions, or by operators that this pass can move a transposition in front
 * of. */
function wantedTurned(graph: Graph): ReadonlySet<Value> {
  const step = withoutWatched(graph);
  const read = new Set(resultValues(step.results));
  const wanted = new Set<Value>();
  for (const node of step.nodes.toReversed()) {
    const isWanted = outputsOf(node).every(([, value]) => wanted.has(value) && !read.has(value));
    const reads = isTurn(node) || (isMovable(node) && isWanted) ? wanted : read;
    for (const [, value] of inputsOf(node)) reads.add(value);
  }
  return new Set([...wanted].filter((value) => !read.has(value)));
}

function isTurn(node: Node): node is Node<'Transpose'> {
  return node.op === 'Transpose' && node.attributes.order.join() === turn.join();
}

function isMovable({ op, outputs }: Node): boolean {
  const isSupported = ['Add', 'Pad', 'StridedSlice', 'StridedSliceGrad', 'Concat'].includes(op);
  return isSupported && 'y' in outputs && outputs.y.shape.length === turn.length;
}

/** Returns the same operator on operands in the engine's order of axes, or undefined if the node stays as it is. */
function inEngineOrder(
  node: Node,
  { op }: GraphBuilder,
  wanted: ReadonlySet<Value>,
  sources: ReadonlyMap<Value, Value>,
): Value | undefined {
  if (!outputsOf(node).every(([, value]) => wanted.has(value))) return undefined;
  if (node.op === 'Add') {
    const { a, b } = node.inputs;
    if (!sources.has(a) && !sources.has(b)) return undefined;
    const operand = (value: Value) => sources.get(value) ?? turned(op, fullRank(op, value));
    return op('Add', { a: operand(a), b: operand(b) });
  }
  if (node.op === 'Concat') {
    const parts = node.inputs.flatMap((value) => sources.get(value) ?? []);
    const order: readonly number[] = turn;
    const axis = order.indexOf(node.attributes.axis);
    return parts.length === node.inputs.length ? op('Concat', parts, { axis }) : undefined;
  }
  if (node.op === 'StridedSliceGrad') {
    const dy = sources.get(node.inputs.dy);
    const { begin, strides, inputShape } = node.attributes;
    return dy && op('StridedSliceGrad', { dy }, inOrder({ begin, strides, inputShape }));
  }
  if (node.op === 'StridedSlice') {
    const x = sources.get(node.inputs.x);
    const { begin, size, strides } = node.attributes;
    return x && op('StridedSlice', { x }, inOrder({ begin, size, strides }));
  }
  if (node.op !== 'Pad') return undefined;
  const x = sources.get(node.inputs.x);
  const { before, after, ...rest } = node.attributes;
  return x && op('Pad', { x }, { ...rest, ...inOrder({ before, after }) });
}

/** Reshapes x to as many axes as images have, with leading axes of size 1. */
function fullRank(op: Apply, x: Value): Value {
  if (x.shape.length === turn.length) return x;
  const missing = new Array<number>(turn.length - x.shape.length).fill(1);
  return op('Reshape', { x }, { shape: [...missing, ...x.shape] });
}

/** Reorders lists with one entry for each axis to the engine's order of axes. */
function inOrder<L extends Readonly<Record<string, readonly number[]>>>(lists: L): L {
  const all = Object.entries(lists).map(([name, list]) => [name, turn.map((axis) => list[axis] ?? 0)]);
  return Object.fromEntries(all) as L;
}
