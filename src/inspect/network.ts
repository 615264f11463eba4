/** Describes the layers of a network, one row each. Parameters and multiply-adds are counted in its graph. */
import { datasets } from '../data/datasets.ts';
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import { type Graph, inputsOf, type Variable } from '../graph/graph.ts';
import { printGraph } from '../graph/print.ts';
import type { Network } from '../model/network.ts';
import { makeNetwork } from '../model/networks.ts';
import { multiplyAdds } from '../passes/multiply-adds.ts';
import { withoutWatched } from '../passes/watch.ts';
import type { Recipe } from '../recipe/recipe.ts';
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

/** Describes the network of a recipe, layer by layer. */
export function networkFinding(recipe: Recipe): InspectFinding {
  const layers = layersOf(networkOf(recipe));
  return {
    kind: 'graph',
    layers,
    parameters: layers.reduce((sum, layer) => sum + layer.parameters, 0),
    multiplyAdds: layers.reduce((sum, layer) => sum + layer.multiplyAdds, 0),
  };
}

function networkOf({ network: { name, configuration } }: Recipe): Network {
  return makeNetwork(name, datasets.cifar10.classes.length, configuration);
}

/** Prints the training step of a recipe as it is built, before the passes of any engine. */
export function trainingStepFinding(recipe: Recipe): InspectFinding {
  const { batchSize, hyperparameters, groups, freeze } = recipe;
  const { graph } = buildTrainingGraph({
    network: networkOf(recipe),
    batchSize,
    hyperparameters,
    groups,
    freeze,
  });
  return { kind: 'nodes', text: printGraph(graph) };
}

/** Returns the layers in order, each with the sums over its nodes and variables, which are named `<layer>/…` or `<layer>`. A variable
 * without a scope belongs to the layer that reads it. */
export function layersOf(network: Network): readonly LayerRow[] {
  const graph = withoutWatched(buildEvaluationGraph(network, 1));
  const names = [...new Set(graph.nodes.map(({ name }) => layerName(name)))];
  const layerOf = (variable: Variable) => {
    const name = layerName(variable.name);
    const reader = graph.nodes.find((node) => inputsOf(node).some(([, value]) => value === variable));
    return names.includes(name) ? name : layerName(reader?.name ?? name);
  };
  return names.map((layer) => {
    const nodes = graph.nodes.filter(({ name }) => layerName(name) === layer);
    const variables = [...graph.variables.values()].filter(
      (variable) => variable.role === 'parameter' && layerOf(variable) === layer,
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
