/**
 * Reverse-mode differentiation: one walk from the loss back to its inputs. The record of each operator defines how it
 * contributes to the gradients of its inputs; several contributions to the same value are added up. (S. Linnainmaa, 1970; in
 * the form used by TensorFlow: M. Abadi et al., OSDI 2016, section 4.1.)
 */
import { GraphError } from '../errors.ts';
import { inputsOf, type Node, outputsOf, type Value } from '../graph/graph.ts';
import type { OpName } from '../graph/signature.ts';
import type { GraphBuilder } from '../ops/builder.ts';
import type { GradientContext, GradientRule, JointGradient } from '../ops/definition.ts';
import { definitions } from '../ops/table.ts';
import { describeType, sameShape, scalar } from '../tensor/tensor.ts';

/** Adds the gradient of a scalar with respect to each of `values` to the graph, and returns the gradients in the order of
 * `values`.
 * @param slope the gradient with respect to the scalar itself, by which all gradients are multiplied; a scalar. Default: 1
 * @throws GraphError when the loss does not depend on a value, or depends on it only through an operator or output without a
 * gradient */
export function gradients(
  builder: GraphBuilder,
  loss: Value,
  values: readonly Value[],
  slope?: Value,
): readonly Value[] {
  if (loss.shape.length > 0)
    throw new GraphError(`a loss must be a scalar; ${loss.name} is ${describeType(loss)}`);
  const { nodes } = builder.build();
  const needed = dependents(nodes, values);
  return builder.scope('gradients', () => {
    const start = slope ?? builder.op('Constant', {}, { value: scalar(1) }, 'ones');
    const found = new Map<Value, Value>([[loss, start]]);
    for (const node of nodes.toReversed()) {
      requireFirstOutput(node, needed, found);
      const [[, y] = []] = outputsOf(node);
      const dy = y && found.get(y);
      if (dy !== undefined)
        builder.scope(`${node.name}_grad`, () => differentiate(builder, node, dy, needed, found));
    }
    return values.map((value) => {
      const gradient = found.get(value);
      if (gradient === undefined) throw new GraphError(`${loss.name} does not depend on ${value.name}`);
      return gradient;
    });
  });
}

/** Returns the given values and everything computed from them. Only these need gradients. */
function dependents(nodes: readonly Node[], values: readonly Value[]): ReadonlySet<Value> {
  const reached = new Set(values);
  for (const node of nodes) {
    if (!inputsOf(node).some(([, value]) => reached.has(value))) continue;
    for (const [, value] of outputsOf(node)) reached.add(value);
  }
  return reached;
}

/** Checks that the loss depends on no output of a node but the first, because gradient rules only receive the gradient of that.
 * @throws GraphError when the loss depends on another output, whose gradient would otherwise be dropped silently */
function requireFirstOutput(node: Node, needed: ReadonlySet<Value>, found: ReadonlyMap<Value, Value>): void {
  const [, ...others] = outputsOf(node);
  const [lost] = others.find(([, value]) => found.has(value)) ?? [];
  if (lost === undefined || !inputsOf(node).some(([, value]) => needed.has(value))) return;
  throw new GraphError(
    `${node.op} "${node.name}" only has a gradient for its first output, but the loss depends on its output ${lost}`,
  );
}

/** Adds the contributions of a node to the gradients of those inputs that need one. */
function differentiate<N extends OpName>(
  builder: GraphBuilder,
  node: Node<N>,
  dy: Value,
  needed: ReadonlySet<Value>,
  found: Map<Value, Value>,
): void {
  const { gradient } = definitions[node.op];
  const context = { ...node, op: builder.op, outputsOf: builder.outputsOf, dy } as GradientContext<N>;
  const contributionTo = 'notDifferentiable' in gradient ? undefined : contributions(gradient, context);
  Object.entries<Value>(node.inputs).forEach(([name, input], index) => {
    if (!needed.has(input)) return;
    if ('notDifferentiable' in gradient) {
      throw new GraphError(`${node.op} "${node.name}" has no gradient: ${gradient.notDifferentiable}`);
    }
    const dx = contributionTo?.(name, index) ?? null;
    if (dx === null) return;
    const contribution = sumTo(builder, dx, input);
    const sum = found.get(input);
    found.set(input, sum === undefined ? contribution : builder.op('Add', { a: sum, b: contribution }));
  });
}

/** Returns a function that applies the gradient rule of one input. It returns null if the input cannot have a gradient. */
function contributions<N extends OpName>(
  rules: GradientRule<N> | JointGradient<N>,
  context: GradientContext<N>,
): (name: string, index: number) => Value | null {
  if (typeof rules === 'function') return (_, index) => rules(context, index);
  if (isJoint(rules)) {
    const all: Readonly<Record<string, Value>> = rules.joint(context);
    return (name) => all[name] ?? null;
  }
  const byName: Readonly<Record<string, ((context: GradientContext<N>) => Value) | null>> = rules;
  return (name) => byName[name]?.(context) ?? null;
}

function isJoint<N extends OpName>(rules: GradientRule<N> | JointGradient<N>): rules is JointGradient<N> {
  return 'joint' in rules;
}

/** Reverses broadcasting: sums the gradient over the axes along which the value was broadcast.
 * @throws GraphError when the sum does not have the shape of the value */
function sumTo(builder: GraphBuilder, gradient: Value, value: Value): Value {
  if (sameShape(gradient.shape, value.shape)) return gradient;
  const extra = gradient.shape.length - value.shape.length;
  const axes = gradient.shape.flatMap((size, axis) =>
    size === (value.shape[axis - extra] ?? -1) ? [] : [axis],
  );
  const sum = builder.op('Sum', { x: gradient }, { axes, keepDims: true });
  if (sum.shape.some((size, axis) => axis >= extra && size !== value.shape[axis - extra])) {
    throw new GraphError(
      `the gradient of ${value.name} is ${describeType(gradient)}, expected ${describeType(value)}`,
    );
  }
  return builder.op('Reshape', { x: sum }, { shape: value.shape });
}
