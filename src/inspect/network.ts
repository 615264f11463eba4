/** The layers of the network, one row each, counted in the graph. */
import { datasets } from '../data/datasets.ts';
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import type { Graph } from '../graph/graph.ts';
import { printGraph } from '../graph/print.ts';
import type { Network } from '../model/network.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { multiplyAdds } from '../passes/multiply-adds.ts';
import { withoutWatched } from '../passes/watch.ts';
import { trainingDefaults } from '../recipe/defaults.ts';
import { tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { type Shape, sizeOf } from '../tensor/tensor.ts';
import { buildTrainingGraph } from '../training/training-graph.ts';
import type { InspectFinding } from './findings.ts';

export interface LayerRow {
  readonly layer: string;
  /** The shape for one image: [C, H, W] or [C]. */
  readonly output: Shape;
  readonly parameters: number;
  /** The multiply-adds of the forward pass of one image. */
  readonly multiplyAdds: number;
}

/** The network of the tutorial, layer by layer. */
export function networkFinding(): InspectFinding {
  const layers = layersOf(tutorialNetwork(datasets.cifar10.classes.length));
  return {
    kind: 'graph',
    layers,
    parameters: layers.reduce((sum, layer) => sum + layer.parameters, 0),
    multiplyAdds: layers.reduce((sum, layer) => sum + layer.multiplyAdds, 0),
  };
}

/** The training step of the tutorial as it is built, before the passes of any engine. */
export function trainingStepFinding(): InspectFinding {
  const network = tutorialNetwork(datasets.cifar10.classes.length);
  const { batchSize } = trainingDefaults;
  const { graph } = buildTrainingGraph({ network, batchSize, hyperparameters: tutorialHyperparameters });
  return { kind: 'nodes', text: printGraph(graph) };
}

/** The layers in order, each with the sums over its nodes and variables, which are named `<layer>/…` or `<layer>`. */
export function layersOf(network: Network): readonly LayerRow[] {
  const graph = withoutWatched(buildEvaluationGraph(network, 1));
  const names = [...new Set(graph.nodes.map(({ name }) => layerName(name)))];
  return names.map((layer) => {
    const nodes = graph.nodes.filter(({ name }) => layerName(name) === layer);
    const variables = [...graph.variables.values()].filter(
      ({ name, role }) => role === 'parameter' && layerName(name) === layer,
    );
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
