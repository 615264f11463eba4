/**
 * A BiasAdd of a convolution becomes one operator with it; ONNX Runtime adds the bias on the way. (Where something
 * else reads the convolution as well it is computed twice; no network of ours does that.)
 *
 *     before  c = Conv2D(x, filter); y = BiasAdd(c, bias)
 *     after   y = FusedConv2D(x, filter, bias)
 */
import type { Node, Value } from '../../graph/graph.ts';
import { type Pass, prune, rewrite } from '../../passes/rewrite.ts';

export const fuseBias: Pass = (graph) => {
  const convolutions = new Map<Value, Node<'Conv2D'>>();
  const fused = rewrite(graph, (node, builder) => {
    if (node.op === 'Conv2D') {
      const outputs = builder.outputsOf(node.op, node.inputs, node.attributes);
      convolutions.set(outputs.y, node);
      return outputs;
    }
    if (node.op !== 'BiasAdd') return undefined;
    const convolution = convolutions.get(node.inputs.x);
    if (convolution === undefined) return undefined;
    const inputs = { ...convolution.inputs, bias: node.inputs.bias };
    return { y: builder.op('FusedConv2D', inputs, convolution.attributes) };
  });
  return prune(fused);
};
