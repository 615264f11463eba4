/**
 * Moves batch normalization with given statistics into the convolution before it, for models whose weights no longer change.
 *
 *     before  c = Conv2D(x, filter), y = BatchNormWithGlobalNormalization(c, mean, variance, scale, offset)
 *     after   y = BiasAdd(Conv2D(x, filter · factor), offset - mean · factor), factor = scale / √(variance + epsilon)
 *
 * If c is BiasAdd(Conv2D(x, filter), bias), the new bias is offset - (mean - bias) · factor. The factors, filters and biases
 * depend only on variables, so `split-weights.ts` can compute them in advance. The pass applies if nothing else reads the
 * convolution or its bias addition.
 */
import { type Graph, type Node, readers } from '../graph/graph.ts';
import { resultValues } from '../graph/results.ts';
import { factor } from '../ops/batch-normalization.ts';
import { type Pass, prune, rewrite } from './rewrite.ts';

type Affine = Node<'Conv2D'> | Node<'BiasAdd'>;

export const foldBatchNormalization: Pass = (graph) => {
  const foldable = readOnce(graph);
  /** The foldable nodes of the new graph, by the name of their result. */
  const before = new Map<string, Affine>();
  const folded = rewrite(graph, (node, { op }) => {
    if (foldable.has(node.name) && isAffine(node)) before.set(node.name, node);
    if (node.op !== 'BatchNormWithGlobalNormalization') return undefined;
    const { x, mean, variance, scale, offset } = node.inputs;
    const last = before.get(x.name);
    const added = last?.op === 'BiasAdd' ? last.inputs.bias : undefined;
    const convolution = last?.op === 'BiasAdd' ? before.get(last.inputs.x.name) : last;
    if (convolution?.op !== 'Conv2D') return undefined;
    const slope = factor(op, scale, variance, node.attributes.epsilon);
    const perFilter = op('Reshape', { x: slope }, { shape: [slope.shape[0] ?? 1, 1, 1, 1] });
    const filter = op('Mul', { a: convolution.inputs.filter, b: perFilter }, {}, 'weights');
    const shift = added === undefined ? mean : op('Sub', { a: mean, b: added });
    const bias = op('Sub', { a: offset, b: op('Mul', { a: shift, b: slope }) }, {}, 'biases');
    const convolved = op('Conv2D', { x: convolution.inputs.x, filter }, convolution.attributes);
    return { y: op('BiasAdd', { x: convolved, bias }) };
  });
  return prune(folded);
};

function isAffine(node: Node): node is Affine {
  return node.op === 'Conv2D' || node.op === 'BiasAdd';
}

/** Returns the names of the convolutions and bias additions whose result only one node reads. */
function readOnce(graph: Graph): ReadonlySet<string> {
  const readersOf = readers(graph);
  const results = new Set(resultValues(graph.results));
  const found = graph.nodes
    .filter(isAffine)
    .filter(({ outputs: { y } }) => !results.has(y) && readersOf.get(y)?.length === 1);
  return new Set(found.map(({ name }) => name));
}
