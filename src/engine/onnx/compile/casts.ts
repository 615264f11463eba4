/** Casts between float32 and float16 that passes add to a graph. */
import { GraphError } from '../../../errors.ts';
import { type Graph, type Node, outputsOf, type Value } from '../../../graph/graph.ts';
import { mapResults, resultEntries, resultsOf } from '../../../graph/results.ts';
import { checked } from '../../../ops/check.ts';
import type { Apply } from '../../../ops/definition.ts';
import { type Replace, rewrite } from '../../../passes/rewrite.ts';
import { uniqueNames } from '../../../passes/unique-names.ts';
import { type FloatType, isFloatType } from '../../../tensor/dtype.ts';
import type { Tensor } from '../../../tensor/tensor.ts';

/** Casts operands. A value that several nodes read in the other type is cast once. */
export class Casts {
  readonly #known = new Map<Value, Value>();

  as(type: FloatType, value: Value, op: Apply): Value {
    if (value.dtype === type) return value;
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const cast = op('Cast', { x: value }, { to: type });
    this.#known.set(value, cast);
    return cast;
  }
}

/** Adds a constant in the element type of another value, so that both can be operands of one node. */
export function constantLike({ dtype }: Value, op: Apply, value: Tensor, name?: string): Value {
  const constant = op('Constant', {}, { value }, name);
  return dtype === 'float16' ? op('Cast', { x: constant }, { to: dtype }) : constant;
}

/** Rewrites a graph, and casts its results to the types that they had before. */
export function rewriteTypes(graph: Graph, replace: Replace): Graph {
  // Until they are cast, results may have other types than their roles allow.
  const named = resultEntries(graph.results).map(
    ([role, name, value]) => [`${role} ${name}`, value] as const,
  );
  const rewritten = rewrite({ ...graph, results: resultsOf({ watched: new Map(named) }) }, replace);
  const { inputs, variables, nodes } = rewritten;
  const values = [...inputs.values(), ...variables.values(), ...nodes.flatMap(madeBy)];
  const unique = uniqueNames(values.map(({ name }) => name));
  const casts = new Map<Value, Node<'Cast'>>();
  const results = mapResults(graph.results, ({ dtype }, name, role) => {
    const value = rewritten.results.watched.get(`${role} ${name}`);
    if (value === undefined) throw new GraphError(`graph ${graph.name}: the ${role} ${name} is lost`);
    if (value.dtype === dtype || !isFloatType(dtype)) return value;
    const cast = casts.get(value) ?? castNode(value, dtype, unique(`${value.name}/Cast`));
    casts.set(value, cast);
    return cast.outputs.y;
  });
  return checked({ ...rewritten, nodes: [...nodes, ...casts.values()], results });
}

function castNode(x: Value, to: FloatType, name: string): Node<'Cast'> {
  const y = { name, dtype: to, shape: x.shape };
  return { op: 'Cast', name, inputs: { x }, attributes: { to }, outputs: { y } };
}

function madeBy(node: Node): readonly Value[] {
  return outputsOf(node).map(([, value]) => value);
}
