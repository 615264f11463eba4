/**
 * Computes the first layers of a network for parts of a batch, one after the other. Pools, normalizations and smooth activations become
 * chains of operations that each read and write whole tensors. The tensors of a part fit in the cache of a CPU, those of a batch often do
 * not.
 *
 *     before  c = Conv2D(x, filter);       y = MaxPool(c);          df = Conv2DBackpropFilter(x, dc)
 *     after   cᵢ = Conv2D(xᵢ, filter);     yᵢ = MaxPool(cᵢ);        df = Σ Conv2DBackpropFilter(xᵢ, dcᵢ)
 *             xᵢ = StridedSlice(x);        y = Concat(yᵢ)
 *
 * A group consists of operators below that are connected by images [N, C, H, W]. All of them are computed for the same parts, so images
 * are cut and joined only where a group begins or ends. The number of parts is the smallest divisor of N for which no image tensor of a
 * part is larger than `partBytes`. A group is divided only if it contains a convolution and an operator that gains from it.
 * Convolutions with many inputs do not belong to a group: each part would transform their filters again, or multiply smaller matrices.
 */
import { type Graph, inputsOf, type Node, outputsOf, type Value } from '../../../graph/graph.ts';
import type { InputNames, OpName } from '../../../graph/signature.ts';
import type { GraphBuilder } from '../../../ops/builder.ts';
import { addNode, type Pass, prune, rewrite, withInputs } from '../../../passes/rewrite.ts';
import { withoutWatched } from '../../../passes/watch.ts';
import { type Shape, sizeOf } from '../../../tensor/tensor.ts';

/** How an operator is computed in parts. */
interface Rule {
  /** The operands that are images. */
  readonly images: readonly string[];
  /** Whether the result is a sum over all images. Otherwise, it consists of images. */
  readonly sums: boolean;
  /** Whether the engine computes the operator in several passes over its operands. */
  readonly gains: boolean;
}

const rule = <N extends OpName>(
  images: readonly Extract<InputNames<N>, string>[],
  { sums = false, gains = false } = {},
): Rule => ({ images, sums, gains });

const rules: { readonly [N in OpName]?: Rule } = {
  Conv2D: rule<'Conv2D'>(['x']),
  Conv2DBackpropInput: rule<'Conv2DBackpropInput'>(['dy']),
  Conv2DBackpropFilter: rule<'Conv2DBackpropFilter'>(['x', 'dy'], { sums: true }),
  BiasAdd: rule<'BiasAdd'>(['x']),
  BiasAddGrad: rule<'BiasAddGrad'>(['dy'], { sums: true }),
  Cast: rule<'Cast'>(['x']),
  Relu: rule<'Relu'>(['x']),
  ReluGrad: rule<'ReluGrad'>(['dy', 'y']),
  Gelu: rule<'Gelu'>(['x'], { gains: true }),
  GeluGrad: rule<'GeluGrad'>(['dy', 'x'], { gains: true }),
  Silu: rule<'Silu'>(['x'], { gains: true }),
  SiluGrad: rule<'SiluGrad'>(['dy', 'x'], { gains: true }),
  MaxPool: rule<'MaxPool'>(['x'], { gains: true }),
  MaxPoolGrad: rule<'MaxPoolGrad'>(['x', 'y', 'dy'], { gains: true }),
  LRN: rule<'LRN'>(['x'], { gains: true }),
  LRNGrad: rule<'LRNGrad'>(['x', 'y', 'dy'], { gains: true }),
};

/** The largest number of inputs per output cell for which a convolution belongs to a group. */
const mostInputs = 256;
/** The largest number of parts. More would make the model larger, and so slower to load. */
const mostParts = 16;

/** Returns the pass for image tensors of at most `partBytes` bytes. */
export function splitBatch(partBytes: number): Pass {
  return (graph) => {
    const partsOf = divisions(graph, partBytes);
    const divided = new Map<Value, readonly Value[]>();
    return prune(
      rewrite(graph, (node, builder) => {
        const parts = partsOf.get(node.name);
        return parts === undefined ? undefined : inParts(node, builder, parts, divided);
      }),
    );
  };
}

/** Maps the name of each node that is divided to the number of its parts. Nodes that only watched values need are not divided. */
function divisions(graph: Graph, partBytes: number): ReadonlyMap<string, number> {
  const divided = groupsOf(withoutWatched(graph).nodes).flatMap((nodes) => {
    const images = nodes.flatMap(imagesOf).map(({ shape }) => shape);
    const gains = nodes.some(({ op }) => rules[op]?.gains) && nodes.some((node) => filterOf(node));
    const wanted = Math.max(...images.map(sizeOf)) * (Float32Array.BYTES_PER_ELEMENT / partBytes);
    const parts = gains ? divisorFrom(images[0]?.[0] ?? 1, wanted) : 1;
    return parts > 1 ? nodes.map(({ name }) => [name, parts] as const) : [];
  });
  return new Map(divided);
}

/** Returns the smallest divisor of a batch that is at least `wanted` (or `mostParts`, if that is less), or 1 if there is none. */
function divisorFrom(batch: number, wanted: number): number {
  const least = Math.min(wanted, mostParts);
  const divisors = Array.from({ length: mostParts }, (_, i) => i + 1).filter((parts) => batch % parts === 0);
  return divisors.find((parts) => parts >= least) ?? 1;
}

/** Divides the nodes that have a rule into groups that are connected by images. */
function groupsOf(nodes: readonly Node[]): readonly (readonly Node[])[] {
  const groupOf = new Map<Value, Set<Node>>();
  for (const node of nodes) {
    const images = imagesOf(node);
    const inputs = sizeOf(filterOf(node)?.slice(1) ?? []);
    if (images.length === 0 || images.some(({ shape }) => shape.length !== 4) || inputs > mostInputs)
      continue;
    const joined = new Set(images.flatMap((value) => groupOf.get(value) ?? []));
    const group = new Set([...[...joined].flatMap((part) => [...part]), node]);
    for (const value of [...group].flatMap(imagesOf)) groupOf.set(value, group);
  }
  return [...new Set(groupOf.values())].map((group) => [...group]);
}

/** Returns the operands and results of a node that are images, or an empty list if the node has no rule. */
function imagesOf(node: Node): readonly Value[] {
  const known = rules[node.op];
  if (known === undefined) return [];
  const operands = inputsOf(node).flatMap(([name, value]) => (known.images.includes(name) ? [value] : []));
  return known.sums ? operands : [...operands, ...outputsOf(node).map(([, value]) => value)];
}

/** Returns the shape of the filter of a convolution or of one of its gradients. */
function filterOf(node: Node): Shape | undefined {
  if (node.op === 'Conv2DBackpropFilter') return node.attributes.filterShape;
  return node.op === 'Conv2D' || node.op === 'Conv2DBackpropInput' ? node.inputs.filter.shape : undefined;
}

/** Computes a node for each part, and joins or adds up the results.
 * @param divided the parts of values; those of the operands and the results are added */
function inParts(
  node: Node,
  builder: GraphBuilder,
  parts: number,
  divided: Map<Value, readonly Value[]>,
): Readonly<Record<string, Value>> {
  const { images = [], sums = false } = rules[node.op] ?? {};
  for (const [name, value] of inputsOf(node))
    if (images.includes(name) && !divided.has(value)) divided.set(value, cut(builder, value, parts));
  const results = Array.from({ length: parts }, (_, part) => {
    const here = withInputs(node, (value) => divided.get(value)?.[part] ?? value);
    return addNode(withBatch(here, parts), builder);
  });
  const outputs = outputsOf(node).map(([name]) => {
    const values = results.flatMap((result) => result[name] ?? []);
    if (sums) return [name, values.reduce((a, b) => builder.op('Add', { a, b }))] as const;
    const joined = builder.op('Concat', values, { axis: 0 });
    divided.set(joined, values);
    return [name, joined] as const;
  });
  return Object.fromEntries(outputs);
}

/** Returns the node with the batch of a part in the attribute that contains the shape of images. */
function withBatch(node: Node, parts: number): Node {
  if (node.op !== 'Conv2DBackpropInput') return node;
  const [batch = 0, ...rest] = node.attributes.inputShape;
  return { ...node, attributes: { ...node.attributes, inputShape: [batch / parts, ...rest] } };
}

/** Cuts images into parts. */
function cut({ op }: GraphBuilder, x: Value, parts: number): readonly Value[] {
  const [batch = 0, ...rest] = x.shape;
  const size = [batch / parts, ...rest];
  return Array.from({ length: parts }, (_, part) => {
    const begin = [(part * batch) / parts, ...rest.map(() => 0)];
    return op('StridedSlice', { x }, { begin, size, strides: size.map(() => 1) });
  });
}
