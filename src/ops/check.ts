/** Validates graphs when they are built and after every rewrite, so that an error is reported where it is made. */
import { GraphError } from '../errors.ts';
import { type Graph, inputsOf, type Node, outputsOf, requireSameType, type Value } from '../graph/graph.ts';
import { printNode } from '../graph/print.ts';
import { resultEntries } from '../graph/results.ts';
import type { OpName } from '../graph/signature.ts';
import { describeType, type TensorType } from '../tensor/tensor.ts';
import { inferTypes } from './infer.ts';

/** Returns the graph if every value is computed before it is read, every type is the one that the shape rule of the operator
 * infers, names are unique, and outputs and updates exist and have the right types.
 * @throws GraphError with the name of the invalid node or result */
export function checked(graph: Graph): Graph {
  const known = new Set<Value>([...graph.inputs.values(), ...graph.variables.values()]);
  const names = new Set<string>([...known].map(({ name }) => name));
  if (names.size < known.size)
    throw new GraphError(`graph ${graph.name}: an input and a variable share a name`);
  for (const node of graph.nodes) {
    checkNode(graph, node, known);
    for (const [, value] of outputsOf(node)) {
      if (names.has(value.name))
        throw new GraphError(`graph ${graph.name}: two values are named ${value.name}`);
      names.add(value.name);
      known.add(value);
    }
  }
  checkResults(graph, known);
  return graph;
}

function checkNode<N extends OpName>(graph: Graph, node: Node<N>, known: ReadonlySet<Value>): void {
  for (const [, value] of inputsOf(node)) {
    if (known.has(value)) continue;
    throw new GraphError(
      `graph ${graph.name}: ${printNode(node)} reads ${value.name}, which no input, variable or earlier node provides`,
    );
  }
  const types = Object.values<TensorType>(inferTypes<N>(node.op, node.name, node.inputs, node.attributes));
  outputsOf(node).forEach(([output, value], index) => {
    const type = types[index];
    if (type !== undefined && describeType(type) === describeType(value)) return;
    const expected = type === undefined ? `not have the output ${output}` : `be ${describeType(type)}`;
    throw new GraphError(`graph ${graph.name}: ${printNode(node)} should ${expected}`);
  });
}

function checkResults(graph: Graph, known: ReadonlySet<Value>): void {
  const { output, update, watched, exchanged, finite } = graph.results;
  for (const name of output.keys()) {
    if (!graph.inputs.has(name) && !graph.variables.has(name)) continue;
    throw new GraphError(`graph ${graph.name}: the output ${name} has the same name as an input or variable`);
  }
  const fed = new Map<string, Value>([...graph.inputs, ...graph.variables]);
  for (const [name, value] of watched) {
    if (!output.has(name) && (fed.get(name) ?? value) === value) continue;
    throw new GraphError(`graph ${graph.name}: a watched value and another value are both named ${name}`);
  }
  for (const [role, name, value] of resultEntries(graph.results)) {
    if (!known.has(value))
      throw new GraphError(`graph ${graph.name}: nothing computes ${value.name}, the ${role} ${name}`);
  }
  for (const [name, { dtype }] of exchanged) {
    if (dtype === 'float32') continue;
    throw new GraphError(`graph ${graph.name}: the exchanged value ${name} is ${dtype}, expected float32`);
  }
  for (const [name, value] of finite) {
    if (value.dtype === 'float32' && value.shape.length === 0) continue;
    throw new GraphError(
      `graph ${graph.name}: the value ${name}, which must be finite, is ${describeType(value)}, expected a float32 scalar`,
    );
  }
  for (const [name, value] of update) {
    const variable = graph.variables.get(name);
    if (variable === undefined)
      throw new GraphError(`graph ${graph.name}: update of ${name}, which is not a variable`);
    requireSameType(`graph ${graph.name}, update of ${name}`, variable, value);
  }
}
