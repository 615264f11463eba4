/** Converts a graph to the form that TensorBoard shows, whose nodes are operators, variables and inputs. */
import { type Graph, inputsOf, type Node, outputsOf, type Value } from '../graph/graph.ts';
import type { GraphAttribute, GraphNode } from '../summary/graph-def.ts';

/** @param deviceOf returns the device of a node, a variable or an input. Default: the nodes have no devices */
export function graphNodes(
  graph: Graph,
  deviceOf: (name: string) => string | undefined = () => undefined,
): readonly GraphNode[] {
  const names = new Map<Value, string>();
  for (const value of [...graph.inputs.values(), ...graph.variables.values()]) names.set(value, value.name);
  for (const node of graph.nodes) {
    outputsOf(node).forEach(([, value], index) => {
      names.set(value, index === 0 ? node.name : `${node.name}:${index}`);
    });
  }
  const placed = (node: GraphNode): GraphNode => {
    const device = deviceOf(node.name);
    return device === undefined ? node : { ...node, device };
  };
  const source = (op: string) => (value: Value) => ({
    name: value.name,
    op,
    inputs: [],
    shapes: [value.shape],
    attributes: { dtype: value.dtype },
  });
  return [
    ...[...graph.inputs.values()].map(source('Placeholder')),
    ...[...graph.variables.values()].map(source('VariableV2')),
    ...graph.nodes.map((node) => ({
      name: node.name,
      op: node.op,
      inputs: inputsOf(node).map(([, value]) => names.get(value) ?? value.name),
      shapes: outputsOf(node).map(([, value]) => value.shape),
      attributes: attributesOf(node),
    })),
  ].map(placed);
}

/** Returns the attributes that are strings, numbers, booleans or lists of numbers. Other attributes are omitted. */
function attributesOf(node: Node): Readonly<Record<string, GraphAttribute>> {
  const all = Object.entries(node.attributes as Readonly<Record<string, unknown>>);
  return Object.fromEntries(
    all.flatMap(([name, value]) => (isAttribute(value) ? [[name, value] as const] : [])),
  );
}

function isAttribute(value: unknown): value is GraphAttribute {
  if (Array.isArray(value)) return value.every((item) => typeof item === 'number');
  return ['string', 'number', 'boolean'].includes(typeof value);
}
