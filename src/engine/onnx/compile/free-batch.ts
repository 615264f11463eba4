/**
 * Makes a model for batches of any size. The shapes of our graphs are static, so a graph is lowered for two batch sizes. What
 * differs depends on the batch size:
 *
 *     for 2 images   Reshape(x, [2, 2304])     images [2, 3, 32, 32]
 *     for 3 images   Reshape(x, [3, 2304])     images [3, 3, 32, 32]
 *     for any        Reshape(x, [-1, 2304])    images [N, 3, 32, 32]
 *
 * A difference elsewhere is an error, because such a model would only be correct for one batch size.
 */
import { GraphError } from '../../../errors.ts';
import type { OnnxNode } from '../../../ops/definition.ts';
import { contentKey, sameShape, type Tensor } from '../../../tensor/tensor.ts';
import { Constants, type OnnxGraph, type OnnxValue } from './lower.ts';

/** The name of the size of a batch in the shapes of inputs and outputs. */
const anySize = 'N';

/** @param lowerFor lowers the graph for a number of images. The names of its nodes must not depend on that number
 * @param weights the initializers that keep their names
 * @throws GraphError with the first node that depends on the batch size in another way */
export function withFreeBatch(
  lowerFor: (batchSize: number) => OnnxGraph,
  weights: ReadonlyMap<string, Tensor>,
): OnnxGraph {
  const [one, other] = [lowerFor(2), lowerFor(3)];
  const constants = new Constants(weights);
  if (one.nodes.length !== other.nodes.length)
    throw new GraphError(`graph ${one.name}: the number of nodes depends on the batch size`);
  const nodes = one.nodes.map((node, index) => {
    const twin = other.nodes[index] ?? node;
    requireSameNode(node, twin);
    const inputs = node.inputs.map((name, position) => {
      const [here, there] = [one.initializers.get(name), other.initializers.get(twin.inputs[position] ?? '')];
      if (weights.has(name) || (here === undefined && there === undefined)) {
        if (name !== twin.inputs[position]) throw dependsOnBatch(node);
        return name;
      }
      if (here === undefined || there === undefined) throw dependsOnBatch(node);
      return constants.nameOf(commonConstant(node, position, here, there));
    });
    return { ...node, inputs };
  });
  const free = (values: readonly OnnxValue[], twins: readonly OnnxValue[]) =>
    values.map((value, index) => ({
      ...value,
      shape: value.shape.map((size, axis) => (size === twins[index]?.shape[axis] ? size : anySize)),
    }));
  return {
    name: one.name,
    inputs: free(one.inputs, other.inputs),
    outputs: free(one.outputs, other.outputs),
    nodes,
    initializers: constants.all,
  };
}

function requireSameNode(a: OnnxNode, b: OnnxNode): void {
  const text = ({ opType, inputs, outputs, attributes }: OnnxNode) =>
    JSON.stringify([opType, inputs.length, outputs, attributes]);
  if (text(a) !== text(b)) throw dependsOnBatch(a);
}

/** Returns the constant for any batch size: the shape of a Reshape, in which -1 means the size that remains, or else a tensor
 * that does not depend on the batch size. */
function commonConstant(node: OnnxNode, position: number, a: Tensor, b: Tensor): Tensor {
  if (contentKey(a) === contentKey(b)) return a;
  const isShape = node.opType === 'Reshape' && position === 1;
  if (!isShape || a.dtype !== 'int64' || b.dtype !== 'int64' || !sameShape(a.shape, b.shape))
    throw dependsOnBatch(node);
  const data = a.data.map((size, axis) => (size === b.data[axis] ? size : -1n));
  if (data.filter((size) => size === -1n).length !== 1) throw dependsOnBatch(node);
  return { dtype: 'int64', shape: a.shape, data };
}

function dependsOnBatch({ opType, outputs }: OnnxNode): GraphError {
  return new GraphError(`${opType} "${outputs[0]}" depends on the batch size, so it cannot be exported`);
}
