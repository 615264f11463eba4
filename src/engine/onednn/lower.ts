/** Graph → program, using the `onednn` rule of every operator, or another form for some nodes. */
import { GraphError, RunError } from '../../errors.ts';
import { type Graph, inputsOf, type Node, outputsOf, type Value } from '../../graph/graph.ts';
import { mapResults, type Results } from '../../graph/results.ts';
import type { OpName, PerOutput } from '../../graph/signature.ts';
import type { OnednnContext } from '../../ops/definition.ts';
import { recordOf, type TensorArgument } from '../../ops/primitive-kinds.ts';
import {
  type Call,
  type CallKind,
  type CallParameters,
  type PrimitiveContext,
  type Slot,
  type Slots,
  slotDims,
  type Window,
} from '../../ops/primitives.ts';
import { definitions } from '../../ops/table.ts';
import { dtypes } from '../../tensor/dtype.ts';
import { contentKey, type Shape, sizeOf, type Tensor, type TensorType } from '../../tensor/tensor.ts';
import type { Program } from './program.ts';

/** For some operators, a function that makes the calls of a node in place of the operator's rule. It returns undefined if the rule
 * applies. */
export type Forms = {
  readonly [N in OpName]?: (node: Node<N>, context: OnednnContext<N>) => PerOutput<N, Slot> | undefined;
};
/** Returns the forms for nodes that are lowered together. */
export type FormsOf = (nodes: readonly Node[]) => Forms;

const noForms: FormsOf = () => ({});

/** @throws GraphError for an operator that this engine does not support
 * @throws RunError for an element type that this engine does not support */
export function lower(graph: Graph, formsOf: FormsOf = noForms): Program {
  const lowering = new Lowering(formsOf);
  lowering.addNodes(graph.nodes);
  return lowering.program(
    graph,
    mapResults(graph.results, (value) => lowering.slotOf(value)),
  );
}

/** Builds a program from the nodes of one or more graphs. */
export class Lowering {
  readonly #builder = new ProgramBuilder();
  readonly #slots = new Map<Value, Slot>();
  readonly #formsOf: FormsOf;

  constructor(formsOf: FormsOf = noForms) {
    this.#formsOf = formsOf;
  }

  addNodes(nodes: readonly Node[]): void {
    const forms = this.#formsOf(nodes);
    for (const node of nodes) lowerNode(node, forms, this.#slots, this.#builder);
  }

  addCall(call: Call): void {
    this.#builder.calls.push(call);
  }

  slotOf(value: Value): Slot {
    return slotOf(value, this.#slots);
  }

  /** Makes nodes that are added later read the slot as this value. */
  bind(value: Value, slot: Slot): void {
    this.#slots.set(value, slot);
  }

  program({ name, inputs, variables }: Graph, results: Results<Slot>): Program {
    const named = (values: ReadonlyMap<string, Value>) =>
      new Map([...values].map(([path, value]) => [path, this.slotOf(value)]));
    const { constants, calls } = this.#builder;
    return {
      ...{ name, inputs: named(inputs), variables: named(variables), constants, calls, results },
      watchedCalls: [],
    };
  }
}

/** Returns the slot of a value. A value without a slot is an input or a variable, and gets one here; `lowerNode` gives slots to
 * the results of nodes. */
function slotOf(value: Value, slots: Map<Value, Slot>): Slot {
  const known = slots.get(value);
  if (known !== undefined) return known;
  const slot: Slot = { name: value.name, dims: slotDims(value.shape), type: slotType(value) };
  slots.set(value, slot);
  return slot;
}

function slotType({ dtype }: TensorType): 'float32' | 'int32' {
  const { onednn } = dtypes[dtype];
  if (onednn === undefined) throw new RunError(`the oneDNN engine does not support ${dtype} tensors`);
  return onednn;
}

function lowerNode<N extends OpName>(
  node: Node<N>,
  forms: Forms,
  slots: Map<Value, Slot>,
  builder: ProgramBuilder,
): void {
  const rule = definitions[node.op].onednn;
  if ('notOffered' in rule) {
    throw new GraphError(`${node.op} "${node.name}" has no oneDNN form: ${rule.notOffered}`);
  }
  const inputs = inputsOf(node).map(([name, value]) => [name, slotOf(value, slots)] as const);
  const context = {
    ...builder.at(node.op, node.name),
    inputs: Array.isArray(node.inputs) ? inputs.map(([, slot]) => slot) : Object.fromEntries(inputs),
    inputTypes: node.inputs,
    outputTypes: node.outputs,
    attributes: node.attributes,
  } as OnednnContext<N>;
  const form = forms[node.op];
  const made = form?.(node, context) ?? rule(context);
  const lowered = new Map(Object.entries(made as Readonly<Record<string, Slot>>));
  for (const [output, value] of outputsOf(node)) {
    const slot = lowered.get(output);
    if (slot === undefined) continue;
    if (slot.type !== value.dtype) {
      throw new GraphError(
        `${node.op} "${node.name}" returns ${value.dtype}, but the oneDNN engine only computes in float32`,
      );
    }
    slots.set(value, slot);
  }
}

class ProgramBuilder {
  readonly calls: Call[] = [];
  readonly constants: Map<Slot, Tensor> = new Map();
  readonly #constantsByContent = new Map<string, Slot>();
  /** Results by the key of the call that computes them. Equal calls are merged. */
  readonly #resultsByKey = new Map<string, Slots>();
  readonly #ids = new Map<Slot, number>();

  /** Returns the context that the rule of one node receives. */
  at(op: OpName, name: string): PrimitiveContext {
    let made = 0;
    const unique = () => (made++ === 0 ? name : `${name}/${made}`);
    return {
      call: (kind, reads, dims, parameters = {}) => this.#call(op, unique, kind, reads, dims, parameters),
      callAll: (kind, reads, dims, parameters = {}) => {
        const results = this.#callAll(op, unique, kind, reads, dims, parameters);
        return results as Readonly<Record<keyof typeof dims, Slot>>;
      },
      constant: (value) => this.#constant(value),
      alias: (slot, dims) => alias(slot, dims),
      workspace: (x, y, window) => this.#workspace(op, unique, x, y, window),
    };
  }

  #call(
    op: OpName,
    unique: () => string,
    kind: CallKind,
    reads: Slots,
    dims: Shape,
    parameters: CallParameters,
  ): Slot {
    const { result } = recordOf(kind);
    const results = this.#callAll(op, unique, kind, reads, { [result]: dims }, parameters);
    const slot = results[result];
    if (slot === undefined) throw new TypeError(`${kind} has no result`);
    return slot;
  }

  #callAll(
    op: OpName,
    unique: () => string,
    kind: CallKind,
    reads: Slots,
    dims: Readonly<Partial<Record<TensorArgument, Shape>>>,
    parameters: CallParameters,
  ): Slots {
    const all = Object.entries(dims);
    const key = this.#key(kind, reads, all, parameters);
    const known = this.#resultsByKey.get(key);
    if (known !== undefined) return known;
    const name = unique();
    const results: Slots = Object.fromEntries(
      all.map(([argument, of], index): [string, Slot] => [
        argument,
        { name: index === 0 ? name : `${name}:${argument}`, dims: of, type: 'float32' },
      ]),
    );
    const hasWorkspace = kind === 'pooling_forward' && parameters.pooling !== 'poolingAverage';
    const workspace = hasWorkspace ? { workspace: workspaceOf(name) } : {};
    this.calls.push({ op, name, kind, reads, writes: { ...results, ...workspace }, parameters, postOps: [] });
    this.#resultsByKey.set(key, results);
    return results;
  }

  /** Returns the workspace that the forward pooling call writes. Adds that call if it is missing. */
  #workspace(op: OpName, unique: () => string, x: Slot, y: Slot, window: Window): Slot {
    const forward = this.calls.find(({ kind, reads, writes }) => {
      return kind === 'pooling_forward' && reads.src === x && writes.dst === y;
    });
    if (forward?.writes.workspace !== undefined) return forward.writes.workspace;
    const again = this.#call(op, unique, 'pooling_forward', { src: x }, y.dims, { window });
    return this.calls.find(({ writes }) => writes.dst === again)?.writes.workspace ?? again;
  }

  #constant(value: Tensor): Slot {
    const content = contentKey(value);
    const known = this.#constantsByContent.get(content);
    if (known !== undefined) return known;
    const slot: Slot = {
      name: `constant ${this.constants.size}`,
      dims: slotDims(value.shape),
      type: slotType(value),
    };
    this.constants.set(slot, value);
    this.#constantsByContent.set(content, slot);
    return slot;
  }

  #key(
    kind: CallKind,
    reads: Slots,
    results: readonly (readonly [string, Shape])[],
    parameters: CallParameters,
  ): string {
    const operands = Object.entries(reads).map(([argument, slot]) => `${argument}=${this.#id(slot)}`);
    const text = JSON.stringify(parameters, (key, value: unknown) =>
      key === 'source' ? this.#id(value as Slot) : value,
    );
    return `${kind}(${operands.join()})[${results.join(';')}]${text}`;
  }

  /** Returns an identifier of a slot. Aliases of the same memory with the same dims have the same identifier. */
  #id(slot: Slot): string {
    if (slot.base !== undefined) return `${this.#id(slot.base)} as ${slot.dims.join()}`;
    const known = this.#ids.get(slot) ?? this.#ids.size;
    this.#ids.set(slot, known);
    return String(known);
  }
}

function workspaceOf(name: string): Slot {
  return { name: `${name}/workspace`, dims: [1], type: 'int32' };
}

function alias(slot: Slot, dims: Shape): Slot {
  if (slot.dims.join() === dims.join()) return slot;
  if (sizeOf(slot.dims) !== sizeOf(dims)) {
    throw new GraphError(`[${slot.dims.join(', ')}] cannot be aliased as [${dims.join(', ')}]`);
  }
  return { name: slot.name, dims, type: slot.type, base: slot };
}
