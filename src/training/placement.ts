/**
 * Where a step runs: each kernel with its engine and device, and each node of the graph with the kernel that computes it. The
 * kernels are those that the engine reports (`Session.placement`).
 */
import type { PlacedKernel, Session } from '../engine/engine.ts';
import { exchangePart } from '../engine/exchange.ts';
import { finitePart } from '../engine/finite-check.ts';
import type { EngineName, Precision } from '../engine/offers.ts';
import type { Graph } from '../graph/graph.ts';
import { withoutWatched } from '../passes/watch.ts';
import { layerOf } from './layer-of.ts';

/** A kernel of a step, or a node of its graph that has no kernel of its own. */
export interface PlacedNode {
  /** The path of the node or, if the engine runs several kernels for it, the path of the kernel, which starts with that of the node. */
  readonly name: string;
  /** The operator of the node or of the kernel, or an operation that the engine inserted, such as `Reorder`. */
  readonly op: string;
  /** The layer and the pass, such as `conv1`, `conv1 backward` or `update`. */
  readonly layer: string;
  readonly engine: EngineName;
  /** The code that runs: the name of oneDNN's implementation, or of ONNX Runtime's execution provider. Null for a node that needs no
   * kernel, because it is a constant, another view of the same memory, or was merged into others before the engine chose kernels. */
  readonly kernel: string | null;
  /** The device, in TensorFlow's notation: `/device:CPU:0`. Null for a node without a kernel. */
  readonly device: string | null;
  /** The kernel that computes this node together with others, or null if it has a kernel of its own or none. */
  readonly fusedInto: string | null;
}

/** The placement of a step of those towers that have the same number of images, and therefore the same kernels. */
export interface TowerPlacement {
  /** The names of the towers, such as `tower_0`. */
  readonly towers: readonly string[];
  /** The number of images in a step of each of these towers. */
  readonly images: number;
  /** The number of threads of each tower. */
  readonly threads: number;
  /** Layer by layer: the forward pass, the loss, the backward pass, the updates. */
  readonly nodes: readonly PlacedNode[];
}

/** The placement of the steps of a run or an evaluation. With several processes, it is that of the first. */
export interface Placement {
  readonly engine: EngineName;
  /** The name and the version of the engine's library. */
  readonly library: string;
  readonly precision: Precision;
  readonly parts: readonly TowerPlacement[];
}

/** Lists the kernels of a session, and the nodes of its graph that have no kernel of their own. */
export async function placedNodes(
  session: Pick<Session, 'placement'>,
  graph: Graph,
  engine: EngineName,
): Promise<readonly PlacedNode[]> {
  const kernels = await session.placement();
  return byLayer(
    [
      ...kernels.map(({ op, name, kernel, device }): PlacedNode => {
        return { name, op, layer: '', engine, kernel, device, fusedInto: null };
      }),
      ...withoutOwnKernel(graph, kernels, engine),
    ],
    graph,
  );
}

function withoutOwnKernel(
  graph: Graph,
  kernels: readonly PlacedKernel[],
  engine: EngineName,
): readonly PlacedNode[] {
  const { nodes } = withoutWatched(graph);
  const nodeOf = nodeFinder(nodes.map(({ name }) => name));
  const own = new Set(kernels.filter(({ op }) => !moving.has(op)).map(({ name }) => nodeOf(name)));
  const hosts = new Map(
    kernels.flatMap((kernel) => kernel.fused.map((name) => [nodeOf(name), kernel] as const)),
  );
  return nodes.flatMap(({ name, op }): readonly PlacedNode[] => {
    if (own.has(name)) return [];
    const host = hosts.get(name);
    const { kernel = null, device = null } = host ?? {};
    return [{ name, op, layer: '', engine, kernel, device, fusedInto: host?.name ?? null }];
  });
}

/** Operations that move the result of a node, and are named after it. */
const moving: ReadonlySet<string> = new Set(['Reorder', 'Output', 'Update']);

/** Returns a function that finds the node that a kernel computes, or a part of which it computes: the one with the longest path
 * that the path of the kernel starts with. `train/w/avg/2` belongs to `train/w/avg`, and not to `train/w`. */
function nodeFinder(nodes: readonly string[]): (kernel: string) => string | undefined {
  const known = new Set(nodes);
  return (kernel) => {
    for (let path = kernel; path !== ''; path = path.slice(0, Math.max(0, path.lastIndexOf('/'))))
      if (known.has(path)) return path;
    return undefined;
  };
}

/** Kernels of the session that belong to no node: they have a layer of their own. */
const ofSession: ReadonlySet<string> = new Set([exchangePart.op, finitePart.op]);

/** The layer of kernels that the engine inserted, and whose names are not paths of the graph. */
const inserted = 'inserted by the engine';

/** Names the layers of nodes, and sorts by them. The layers have the order in which the graph has them. */
function byLayer(nodes: readonly PlacedNode[], graph: Graph): readonly PlacedNode[] {
  const known = [...new Set(withoutWatched(graph).nodes.map(({ name }) => layerOf(name)))];
  const named = nodes.map((node): PlacedNode => {
    // The name of a cast is the path of its operand and the new type: `pool as float32`.
    const layer = layerOf(node.name.replace(/ as \w+$/, ''));
    return { ...node, layer: known.includes(layer) || ofSession.has(node.op) ? layer : inserted };
  });
  const order = [
    ...known,
    ...new Set(named.map(({ layer }) => layer).filter((layer) => !known.includes(layer))),
  ];
  return order.flatMap((layer) => named.filter((node) => node.layer === layer));
}

/** Returns a function that finds the device of a node, a variable or an input of the graph. If all kernels run on one device, so
 * does everything that has no kernel. Otherwise the device of what has no kernel is undefined. */
export function devicesOf({ parts }: Placement): (name: string) => string | undefined {
  const placed = parts.flatMap(({ nodes }) => nodes);
  const [only, ...others] = new Set(placed.flatMap(({ device }) => device ?? []));
  if (others.length === 0) return () => only;
  return (node) => {
    const own = placed.filter(({ name, device }) => device !== null && `${name}/`.startsWith(`${node}/`));
    // A node may have the beginning of the path of another: the shortest path is its own kernel.
    return own.toSorted((a, b) => a.name.length - b.name.length)[0]?.device ?? undefined;
  };
}
