/** Prints a graph, one value or node per line. Used by error messages, golden tests and `inspect graph`. */
import { describeType, type Tensor } from '../tensor/tensor.ts';
import { type Graph, inputsOf, type Node, outputsOf } from './graph.ts';
import { resultEntries } from './results.ts';
import type { OpName } from './signature.ts';

/** Prints a node, for example
 * `conv1/Conv2D = Conv2D(x: images, filter: conv1/weights) {padding: SAME} → float32 [128, 64, 24, 24]`. */
export function printNode<N extends OpName>(node: Node<N>): string {
  const inputs = inputsOf(node).map(([name, value]) => `${name}: ${value.name}`);
  const attributes = Object.entries(node.attributes as Readonly<Record<string, unknown>>).map(
    ([name, value]) => `${name}: ${printAttribute(value)}`,
  );
  const outputs = outputsOf(node).map(
    ([name, value]) => (name === 'y' ? '' : `${name}: `) + describeType(value),
  );
  const braces = attributes.length > 0 ? ` {${attributes.join(', ')}}` : '';
  return `${node.name} = ${node.op}(${inputs.join(', ')})${braces} → ${outputs.join(', ')}`;
}

/** Returns a graph as text: one line for each input, variable, node and result. */
export function printGraph(graph: Graph): string {
  return [
    `graph ${graph.name}`,
    ...[...graph.inputs].map(([name, value]) => `input ${name} → ${describeType(value)}`),
    ...[...graph.variables].map(([name, value]) => `${value.role} ${name} → ${describeType(value)}`),
    ...graph.nodes.map(printNode),
    ...resultEntries(graph.results).map(([role, name, value]) => `${role} ${name} = ${value.name}`),
    '',
  ].join('\n');
}

function printAttribute(value: unknown): string {
  if (Array.isArray(value)) return `[${value.join(', ')}]`;
  if (isTensor(value)) return printTensor(value);
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value).map(([name, item]) => `${name}: ${printAttribute(item)}`);
  return `{${entries.join(', ')}}`;
}

function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'data' in value && 'dtype' in value;
}

/** Prints the type of a tensor and its first four elements. */
function printTensor(tensor: Tensor): string {
  const first = Array.from(tensor.data.subarray(0, 4), String);
  return `${describeType(tensor)} ${first.join(' ')}${tensor.data.length > first.length ? ' …' : ''}`;
}
