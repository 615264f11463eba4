/**
 * ReLU commutes with max pooling, and so does adding a bias per channel: both functions are monotonic, and the same for all
 * cells of a window. After the pool, these nodes and their gradients process a quarter of the elements. Results and
 * gradients stay the same. If several cells of a window tie at or below 0, another one of them may be chosen as the maximum,
 * but its gradient is 0 in either case.
 *
 *      before  r = Relu(x);          y = MaxPool(r);  dr = MaxPoolGrad(r, y, dy);  dx = ReluGrad(dr, r)
 *      after   p = MaxPool(x);       y = Relu(p);     dx = MaxPoolGrad(x, p, ReluGrad(dy, y))
 *
 *      before  r = BiasAdd(x, bias); y = MaxPool(r);  dr = MaxPoolGrad(r, y, dy);  db = BiasAddGrad(dr)
 *      after   p = MaxPool(x); y = BiasAdd(p, bias);  dr = MaxPoolGrad(x, p, dy);  db = BiasAddGrad(dy)
 *
 * The pass applies only where no other node of the step reads r and, in the first case, dr.
 */
import { type Graph, type Node, readers, type Value } from '../graph/graph.ts';
import { resultValues } from '../graph/results.ts';
import type { GraphBuilder } from '../ops/builder.ts';
import { type Pass, rewrite } from './rewrite.ts';
import { duplicateForWatched, withoutWatched } from './watch.ts';

type Moved = Node<'Relu'> | Node<'BiasAdd'>;

/** The nodes that are rewritten together: the node to move, the pool and their gradients. The mutable fields are set when the
 * earlier nodes of the group are rewritten, and read when the later ones are. */
interface Group {
  readonly op: Moved['op'];
  bias?: Value;
  /** The output of the pool, before the moved node is applied to it. */
  pooled?: Value;
  /** The gradient with respect to the output of the pool. */
  gradient?: Value;
}

/** Moves ReLUs after the pools that read them. */
export const commuteRelu: Pass = (graph) => commute(graph, 'Relu');
/** Moves bias additions after the pools that read them. It runs after `commuteRelu`, which removes the ReLU between an
 * addition and its pool. */
export const commuteBias: Pass = (graph) => commute(graph, 'BiasAdd');

function commute(graph: Graph, moved: Moved['op']): Graph {
  const groups = groupsOf(withoutWatched(graph), moved);
  const apart = duplicateForWatched(graph, (node) => isRemoved(node, groups.get(node.name)));
  return rewrite(apart, (node, builder) => {
    const group = groups.get(node.name);
    return group === undefined ? undefined : moveNode(group, node, builder);
  });
}

/** Whether the pass removes the output of this node (r or dr in the header). */
function isRemoved(node: Node, group: Group | undefined): boolean {
  return node.op === group?.op || (group?.op === 'Relu' && node.op === 'MaxPoolGrad');
}

function moveNode(
  group: Group,
  node: Node,
  { op }: GraphBuilder,
): Readonly<Record<string, Value>> | undefined {
  switch (node.op) {
    case 'BiasAdd':
      group.bias = node.inputs.bias;
      return { y: node.inputs.x };
    case 'Relu':
      return { y: node.inputs.x };
    case 'MaxPool': {
      const x = op('MaxPool', node.inputs, node.attributes);
      group.pooled = x;
      return { y: group.bias === undefined ? op('Relu', { x }) : op('BiasAdd', { x, bias: group.bias }) };
    }
    case 'MaxPoolGrad': {
      const { x, y, dy } = node.inputs;
      group.gradient = dy;
      const gated = group.op === 'Relu' ? op('ReluGrad', { dy, y }) : dy;
      return { y: op('MaxPoolGrad', { x, y: group.pooled ?? y, dy: gated }, node.attributes) };
    }
    case 'ReluGrad':
      return { y: node.inputs.dy };
    case 'BiasAddGrad':
      return group.gradient && { y: op('BiasAddGrad', { dy: group.gradient }) };
    default:
      return undefined;
  }
}

/** Maps the name of each node that the pass rewrites to the group of the node. */
function groupsOf(graph: Graph, moved: Moved['op']): ReadonlyMap<string, Group> {
  const readBy = readers(graph);
  const results = new Set(resultValues(graph.results));
  const found = new Map<string, Group>();
  for (const node of graph.nodes) {
    if (node.op !== moved || results.has(node.outputs.y)) continue;
    const behind = membersBehind(node.outputs.y, moved, readBy, results);
    const group: Group = { op: moved };
    for (const { name } of behind === undefined ? [] : [node, ...behind]) found.set(name, group);
  }
  return found;
}

/** Returns the other nodes of the group of the node that computes r: the pool, the gradient of the pool, and the gradient of
 * the node that computes r. Returns undefined if there is no pool to move the node behind, or if another node reads a value
 * that would be removed. */
function membersBehind(
  r: Value,
  moved: Moved['op'],
  readBy: ReadonlyMap<Value, readonly Node[]>,
  results: ReadonlySet<Value>,
): readonly Node[] | undefined {
  const reading = readBy.get(r) ?? [];
  const pools = reading.filter((node) => node.op === 'MaxPool');
  const poolGrads = reading.flatMap((node) =>
    node.op === 'MaxPoolGrad' && node.inputs.x === r ? [node] : [],
  );
  const [pool] = pools;
  const [poolGrad] = poolGrads;
  if (pool === undefined || pools.length > 1 || poolGrads.length > 1) return undefined;
  if (poolGrad === undefined) return reading.length === 1 ? pools : undefined;
  if (results.has(poolGrad.outputs.y)) return undefined;
  const behindGrad = readBy.get(poolGrad.outputs.y) ?? [];
  if (moved === 'BiasAdd') {
    const biasGrads = behindGrad.filter((node) => node.op === 'BiasAddGrad');
    return reading.length === 2 ? [pool, poolGrad, ...biasGrads] : undefined;
  }
  const [own] = behindGrad;
  const alone = behindGrad.length === 1 && own?.op === 'ReluGrad' && own.inputs.y === r;
  return alone && reading.length === 3 ? [pool, poolGrad, own] : undefined;
}
