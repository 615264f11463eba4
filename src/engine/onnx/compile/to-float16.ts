/**
 * Computes matrix work and activations in float16, and everything else in float32, by the policy that each operator's record
 * declares (`Float16Policy` in ops/definition.ts). Inputs, variables, results and constants of the graph stay float32.
 *
 *     before  y = Conv2D(x, filter), r = Relu(BiasAdd(y, bias)), n = LRN(r)                                     all float32
 *     after   y = Conv2D(Cast(x), Cast(filter)), r = Relu(BiasAdd(y, Cast(bias))), n = Cast(LRN(Cast(r)))       y, r, n float16
 *
 *     before  df = Conv2DBackpropFilter(x, dy), filter' = ApplyGradientDescent(filter, df, rate)
 *     after   df = Cast(Conv2DBackpropFilter(Cast(x), dy)), filter' = ApplyGradientDescent(filter, df, rate)    df float32
 *
 * A value stays float32 if a result of the step is computed from it without matrix work, such as logits and what the optimizer
 * makes of gradients. (This is mixed precision with float32 master weights: P. Micikevicius et al., "Mixed Precision Training",
 * ICLR 2018. The gradients need loss scaling.) Watched values are cast to float32, and do not change the step.
 */
import { type Graph, inputsOf, type Node, outputsOf, type Value } from '../../../graph/graph.ts';
import { resultValues } from '../../../graph/results.ts';
import type { OpName } from '../../../graph/signature.ts';
import type { GraphBuilder } from '../../../ops/builder.ts';
import type { Float16Policy } from '../../../ops/definition.ts';
import { definitions } from '../../../ops/table.ts';
import { addNode, type Pass, withInputs } from '../../../passes/rewrite.ts';
import { withoutWatched } from '../../../passes/watch.ts';
import { isFloatType } from '../../../tensor/dtype.ts';
import { Casts, rewriteTypes } from './casts.ts';

/** @param inFloat32 operators that read and return float32 on the target, whatever their policy */
export const toFloat16 =
  (inFloat32: readonly OpName[] = []): Pass =>
  (graph) => {
    const policyOf = ({ op }: Node) => (inFloat32.includes(op) ? 'sums' : definitions[op].float16);
    const needed = neededInFloat32(graph, policyOf);
    const casts = new Casts();
    return rewriteTypes(graph, (node, builder) => retyped(node, policyOf(node), builder, needed, casts));
  };

/** Returns the values that must stay float32, found by walking through the nodes of the step backwards. */
function neededInFloat32(graph: Graph, policyOf: (node: Node) => Float16Policy): ReadonlySet<Value> {
  const step = withoutWatched(graph);
  const needed = new Set(resultValues(step.results));
  for (const node of step.nodes.toReversed()) {
    const policy = policyOf(node);
    const passesOn = isFollowing(policy) && outputsOf(node).some(([, value]) => needed.has(value));
    if (!passesOn && policy !== 'never') continue;
    for (const [, value] of inputsOf(node)) needed.add(value);
  }
  return needed;
}

/** Returns the outputs of the node in the types that its policy gives them, or undefined if nothing changes. */
function retyped(
  node: Node,
  policy: Float16Policy,
  builder: GraphBuilder,
  needed: ReadonlySet<Value>,
  casts: Casts,
): Readonly<Record<string, Value>> | undefined {
  const { op } = builder;
  const [[name, original] = []] = outputsOf(node);
  if (name === undefined || original?.dtype !== 'float32' || node.op === 'Cast') return undefined;
  const isRounded = inputsOf(node).some(([, { dtype }]) => dtype === 'float16');
  if (policy !== 'operands' && !isRounded) return undefined;
  const isNeeded = needed.has(original);
  const type = policy === 'operands' || (isFollowing(policy) && !isNeeded) ? 'float16' : 'float32';
  const typed = withInputs(node, (value) => (isFloatType(value.dtype) ? casts.as(type, value, op) : value));
  const outputs = addNode(typed, builder);
  const y = outputs[name];
  if (y === undefined) return outputs;
  // All readers of a result read the cast, because an exchange replaces a result by an average.
  if (isNeeded && y.dtype === 'float16')
    return { ...outputs, [name]: op('Cast', { x: y }, { to: 'float32' }) };
  if (policy !== 'rounds' || isNeeded) return outputs;
  return { ...outputs, [name]: op('Cast', { x: y }, { to: 'float16' }) };
}

function isFollowing(policy: Float16Policy): boolean {
  return policy === 'follows' || policy === 'exact';
}
