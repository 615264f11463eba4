/** Builds a graph: names its nodes, infers their types and rejects invalid calls. */
import { GraphError } from '../errors.ts';
import {
  type Graph,
  type Node,
  requireSameType,
  type Value,
  type Variable,
  type VariableRole,
} from '../graph/graph.ts';
import { mapResults, type ResultRole, resultsOf } from '../graph/results.ts';
import type { AttributesOf, OpName, PerInput, PerOutput } from '../graph/signature.ts';
import type { TensorType } from '../tensor/tensor.ts';
import { checked } from './check.ts';
import type { Apply, ApplyAll } from './definition.ts';
import { inferTypes } from './infer.ts';

/** Builds a graph node by node. Every node is checked when it is added. */
export class GraphBuilder {
  readonly #name: string;
  readonly #names = new Set<string>();
  readonly #scopes: string[] = [];
  readonly #inputs = new Map<string, Value>();
  readonly #variables = new Map<string, Variable>();
  readonly #nodes: Node[] = [];
  readonly #results = mapResults(resultsOf<never>({}), (value): Value => value) as Readonly<
    Record<ResultRole, Map<string, Value>>
  >;

  constructor(name: string) {
    this.#name = name;
  }

  /** Adds a value that is passed in at every step. */
  input(name: string, { dtype, shape }: TensorType): Value {
    const value = { name: this.#claim(name), dtype, shape };
    this.#inputs.set(name, value);
    return value;
  }

  /** Adds a value that the session keeps between steps. Requesting the same name again returns the same variable.
   * @throws GraphError when the variable exists with a different type or role */
  variable(name: string, type: TensorType, role: VariableRole = 'parameter'): Variable {
    const path = this.#path(name);
    const known = this.#variables.get(path);
    if (known !== undefined) {
      requireSameType(`variable ${path}`, known, type);
      if (known.role !== role)
        throw new GraphError(
          `variable ${path} already exists with the role ${known.role}, but the role ${role} was requested`,
        );
      return known;
    }
    const value = { name: this.#claim(path), dtype: type.dtype, shape: type.shape, role };
    this.#variables.set(path, value);
    return value;
  }

  /** Adds a variable. If another variable has the name, a suffix makes it unique, as for nodes: the second variable called
   * `weights` is named `weights_1`.
   * @throws GraphError when an input or the output of a node has the name */
  newVariable(name: string, type: TensorType, role: VariableRole = 'parameter'): Variable {
    for (let copy = 0; ; copy++) {
      const candidate = copy === 0 ? name : `${name}_${copy}`;
      if (!this.#variables.has(this.#path(candidate))) return this.variable(candidate, type, role);
    }
  }

  /** Prefixes the names of all variables and nodes that `build` adds with `<scope>/`, as the tutorial's variable scopes do. */
  scope<T>(scope: string, build: () => T): T {
    this.#scopes.push(scope);
    try {
      return build();
    } finally {
      this.#scopes.pop();
    }
  }

  /** Adds a node and returns its first output. The name of the node defaults to that of the operator.
   * @throws GraphError with the operator, the path of the node and the input types, when shapes or dtypes do not match */
  readonly op: Apply = (op, inputs, ...[attributes, name]) => {
    const outputs = this.outputsOf(op, inputs, attributes ?? {}, name);
    const [first] = Object.values<Value>(outputs);
    if (first === undefined) throw new GraphError(`${op} has no output`);
    return first;
  };

  /** Adds a node and returns all its outputs. */
  readonly outputsOf: ApplyAll = <N extends OpName>(
    op: N,
    inputs: PerInput<N, Value>,
    attributes: AttributesOf<N>,
    name?: string,
  ): PerOutput<N, Value> => {
    const path = this.#unique(this.#path(name ?? op));
    const types = inferTypes(op, path, inputs, attributes);
    const entries = Object.entries<TensorType>(types).map(([output, { dtype, shape }], index) => {
      return [output, { name: index === 0 ? path : `${path}:${output}`, dtype, shape }] as const;
    });
    const outputs = Object.fromEntries(entries) as PerOutput<N, Value>;
    this.#nodes.push({ op, name: path, inputs, attributes, outputs } as Node);
    return outputs;
  };

  /** Makes a value a result of the graph, under the given name.
   * @throws GraphError when the role already has a result of that name */
  result(role: ResultRole, name: string, value: Value): void {
    if (this.#results[role].has(name))
      throw new GraphError(`graph ${this.#name} has two ${role} results named ${name}`);
    this.#results[role].set(name, value);
  }

  /** Makes the value a result of every step. */
  output(name: string, value: Value): void {
    this.result('output', name, value);
  }

  /** Marks the value as watched: a step returns it only if watched values are requested. */
  watch(name: string, value: Value): void {
    this.result('watched', name, value);
  }

  /** Sets the value that the variable will have after the step.
   * @throws GraphError when the types differ or the variable already has an update */
  update(variable: Value, value: Value): void {
    requireSameType(`update of ${variable.name}`, variable, value);
    this.result('update', variable.name, value);
  }

  /** Returns the graph built so far. Adding more to the builder does not change it.
   * @throws GraphError when a node reads a value of another graph, or an update names something other than a variable */
  build(): Graph {
    return checked({
      name: this.#name,
      inputs: new Map(this.#inputs),
      variables: new Map(this.#variables),
      nodes: [...this.#nodes],
      results: mapResults(this.#results, (value) => value),
    });
  }

  #path(name: string): string {
    return [...this.#scopes, name].join('/');
  }

  #claim(path: string): string {
    if (this.#names.has(path)) throw new GraphError(`graph ${this.#name} has two values named ${path}`);
    this.#names.add(path);
    return path;
  }

  /** Claims a path that is not taken. The second node with the same path gets the suffix `_1`, as in TensorFlow. */
  #unique(path: string): string {
    for (let copy = 0; ; copy++) {
      const candidate = copy === 0 ? path : `${path}_${copy}`;
      if (!this.#names.has(candidate)) return this.#claim(candidate);
    }
  }
}
