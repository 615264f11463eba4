/** Graph → ONNX nodes, by the `onnx` rule of every operator's record. The mapping is nearly one to one, because the passes
 * have already replaced operators that ONNX lacks. */
import { GraphError } from '../../../errors.ts';
import { type Graph, inputsOf, type Node, outputsOf, type Value } from '../../../graph/graph.ts';
import { type ResultRole, resultEntries } from '../../../graph/results.ts';
import type { OpName } from '../../../graph/signature.ts';
import type { Emit, Mask, OnnxContext, OnnxNode } from '../../../ops/definition.ts';
import { definitions } from '../../../ops/table.ts';
import { contentKey, type DType, type Tensor } from '../../../tensor/tensor.ts';
import type { Capabilities } from './targets.ts';

/** An input or an output of a model. */
export interface OnnxValue {
  readonly name: string;
  readonly dtype: DType;
  /** The sizes of the axes. A name such as `N` means any size, which is the same wherever the name occurs. */
  readonly shape: readonly (number | string)[];
}

/** The contents of a model file as plain data. */
export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, Tensor>;
}

/** Returns the name of the ONNX output that holds the new value of a variable. */
export function updateName(variable: string): string {
  return `${variable}/updated`;
}

/** Returns the name of the ONNX output that holds a scalar that must be finite. */
export function finiteName(name: string): string {
  return `${name}/finite`;
}

/** Returns the name of a result among the outputs of a model.
 * @throws GraphError for a role that the engine has to handle before lowering */
export function outputName(graph: Graph, role: ResultRole, name: string): string {
  if (role === 'output') return name;
  if (role === 'update') return updateName(name);
  if (role === 'finite') return finiteName(name);
  throw new GraphError(`graph ${graph.name}: a model cannot have ${role} results, but found ${name}`);
}

/** Variables become inputs of the model, and their new values outputs named by `updateName`.
 * @param weights the values of variables that become constants instead of inputs, by name
 * @throws GraphError for an operator that a pass should have replaced */
export function lower(
  graph: Graph,
  { mask }: Capabilities,
  weights: ReadonlyMap<string, Tensor> = new Map(),
): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const names = new Map<Value, string>();
  const constants = new Constants(weights);
  for (const [name, value] of [...graph.inputs, ...graph.variables]) names.set(value, name);
  const results = resultEntries(graph.results).map(
    ([role, name, value]) => [outputName(graph, role, name), value] as const,
  );
  const taken = new Set([...names.values(), ...results.map(([name]) => name)]);
  for (const node of graph.nodes) lowerNode(node, mask, names, nodes, constants, taken);
  // Outputs get separate names, so that a value can be returned twice and an input can be returned.
  const outputs = results.map(([name, value]) => {
    nodes.push({
      opType: 'Identity',
      inputs: [names.get(value) ?? value.name],
      outputs: [name],
      attributes: {},
    });
    return { name, dtype: value.dtype, shape: value.shape };
  });
  const inputs = [...graph.inputs, ...graph.variables]
    .filter(([name]) => !weights.has(name))
    .map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  return {
    name: graph.name,
    inputs,
    outputs,
    nodes: withoutIdentities(nodes, inputs),
    initializers: constants.all,
  };
}

function lowerNode<N extends OpName>(
  node: Node<N>,
  mask: Mask,
  names: Map<Value, string>,
  nodes: OnnxNode[],
  constants: Constants,
  taken: ReadonlySet<string>,
): void {
  const rule = definitions[node.op].onnx;
  if ('expandedBy' in rule) {
    throw new GraphError(
      `${node.op} "${node.name}" has no ONNX form; the pass ${rule.expandedBy} must run first`,
    );
  }
  const start = nodes.length;
  const emit: Emit = (opType, inputs, attributes = {}) => {
    const count = nodes.length - start;
    let output = count === 0 ? `${node.name}/${opType}` : `${node.name}/${opType}_${count}`;
    while (taken.has(output)) output += '+';
    nodes.push({ opType, inputs, outputs: [output], attributes });
    return output;
  };
  const inputs = inputsOf(node).map(([name, value]) => [name, names.get(value) ?? value.name] as const);
  const context = {
    inputs: Array.isArray(node.inputs) ? inputs.map(([, name]) => name) : Object.fromEntries(inputs),
    inputTypes: node.inputs,
    outputTypes: node.outputs,
    attributes: node.attributes,
    mask,
    emit,
    constant: (value: Tensor) => constants.nameOf(value),
  } as OnnxContext<N>;
  const lowered = new Map(Object.entries(rule(context) as Readonly<Record<string, string>>));
  for (const [output, value] of outputsOf(node)) names.set(value, lowered.get(output) ?? value.name);
}

/** Initializers by content. Equal tensors share one initializer. */
export class Constants {
  readonly all: Map<string, Tensor>;
  readonly #names = new Map<string, string>();

  /** @param named initializers that keep their names */
  constructor(named: ReadonlyMap<string, Tensor> = new Map()) {
    this.all = new Map(named);
  }

  nameOf(value: Tensor): string {
    const content = contentKey(value);
    const known = this.#names.get(content);
    if (known !== undefined) return known;
    const name = `constant_${this.#names.size}`;
    this.#names.set(content, name);
    this.all.set(name, value);
    return name;
  }
}

/** Lets the node that computes an output of the model write it directly, without an Identity. If a value is returned as several
 * outputs, this applies only to the first of them. */
function withoutIdentities(nodes: readonly OnnxNode[], inputs: readonly OnnxValue[]): readonly OnnxNode[] {
  const fixed = new Set(inputs.map(({ name }) => name));
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const renamed = new Map<string, string>();
  const kept = nodes.filter(({ opType, inputs: [source = ''], outputs: [target = ''] }) => {
    if (opType !== 'Identity' || fixed.has(source) || !made.has(source) || renamed.has(source)) return true;
    renamed.set(source, target);
    return false;
  });
  const now = (name: string) => renamed.get(name) ?? name;
  return kept.map((node) => ({ ...node, inputs: node.inputs.map(now), outputs: node.outputs.map(now) }));
}
