/** Casts between float32 and float16 that passes add to a graph. */
import { type Graph, type Node, outputsOf, type Value } from '../../../graph/graph.ts';
import { mapResults } from '../../../graph/results.ts';
import { checked } from '../../../ops/check.ts';
import type { Apply } from '../../../ops/definition.ts';
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

/** Casts the results to the types that they have in the original graph. */
export function withResultTypes(graph: Graph, original: Graph): Graph {
  const values = [...graph.inputs.values(), ...graph.variables.values(), ...graph.nodes.flatMap(madeBy)];
  const unique = uniqueNames(values.map(({ name }) => name));
  const casts = new Map<Value, Node<'Cast'>>();
  const results = mapResults(graph.results, (value, result, role) => {
    const to = original.results[role].get(result)?.dtype ?? value.dtype;
    if (value.dtype === to || !isFloatType(to)) return value;
    const cast = casts.get(value) ?? castNode(value, to, unique(`${value.name}/Cast`));
    casts.set(value, cast);
    return cast.outputs.y;
  });
  return checked({ ...graph, nodes: [...graph.nodes, ...casts.values()], results });
}

function castNode(x: Value, to: FloatType, name: string): Node<'Cast'> {
  const y = { name, dtype: to, shape: x.shape };
  return { op: 'Cast', name, inputs: { x }, attributes: { to }, outputs: { y } };
}

function madeBy(node: Node): readonly Value[] {
  return outputsOf(node).map(([, value]) => value);
}
