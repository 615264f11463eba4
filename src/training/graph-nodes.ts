/** A graph as TensorBoard draws it: every operator with what it reads, variables and fed values as nodes too. */
import { type Graph, inputsOf, type Node, outputsOf, type Value } from '../graph/graph.ts';
import { withoutWatched } from '../passes/watch.ts';
import type { GraphAttribute, GraphNode } from '../summary/graph-def.ts';
import type { Recipe } from './run.ts';
import { buildTrainingGraph } from './training-graph.ts';

/** A run's training step, without what is there only to be watched. */
export function trainingGraphNodes(recipe: Recipe): readonly GraphNode[] {
  return graphNodes(withoutWatched(buildTrainingGraph(recipe).graph));
}

export function graphNodes(graph: Graph): readonly GraphNode[] {
  const names = new Map<Value, string>();
  for (const value of [...graph.inputs.values(), ...graph.variables.values()]) names.set(value, value.name);
  for (const node of graph.nodes) {
    outputsOf(node).forEach(([, value], index) => {
      names.set(value, index === 0 ? node.name : `${node.name}:${index}`);
    });
  }
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
  ];
}

/** Those that are a text, a number, a truth value or a list of numbers. */
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
