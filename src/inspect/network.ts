/** What the network is made of: a row a layer, counted from the graph itself. */
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import type { Graph } from '../graph/graph.ts';
import type { Network } from '../model/network.ts';
import { multiplyAdds } from '../passes/multiply-adds.ts';
import { withoutWatched } from '../passes/watch.ts';
import { type Shape, sizeOf } from '../tensor/tensor.ts';

export interface LayerRow {
  readonly layer: string;
  /** Of one image: [C, H, W] or [C]. */
  readonly output: Shape;
  readonly parameters: number;
  /** Of one image, forward. */
  readonly multiplyAdds: number;
}

/** The layers in order: what their nodes and variables, named `<layer>/…` or `<layer>`, sum up to. */
export function layersOf(network: Network): readonly LayerRow[] {
  const graph = withoutWatched(buildEvaluationGraph(network, 1));
  const names = [...new Set(graph.nodes.map(({ name }) => layerName(name)))];
  return names.map((layer) => {
    const nodes = graph.nodes.filter(({ name }) => layerName(name) === layer);
    const variables = [...graph.variables.values()].filter(({ name }) => layerName(name) === layer);
    const [value] = Object.values(nodes.at(-1)?.outputs ?? {});
    return {
      layer,
      output: value?.shape.slice(1) ?? [],
      parameters: variables.reduce((sum, { shape }) => sum + sizeOf(shape), 0),
      multiplyAdds: multiplyAdds(part(graph, nodes)),
    };
  });
}

function layerName(path: string): string {
  return path.split('/')[0] ?? path;
}

function part(graph: Graph, nodes: Graph['nodes']): Graph {
  return { ...graph, nodes };
}
