/**
 * Graph with exchanged values → program that averages them with other sessions in one exchange call. The calls before it
 * compute the exchanged values, and the calls after it read their averages.
 *
 *     graph    g = gradient(x, v);  v' = v - g                                       exchanged g
 *     program  g = gradient(x, v);  averaged/g = exchange(g);  v' = v - averaged/g
 */
import type { Graph, Value } from '../../graph/graph.ts';
import { mapResults, withoutRole } from '../../graph/results.ts';
import type { NamedArgument } from '../../ops/primitive-kinds.ts';
import { type Slot, slotDims } from '../../ops/primitives.ts';
import { splitExchange } from '../../passes/split-exchange.ts';
import { exchangePart, ownName } from '../exchange.ts';
import { type FormsOf, Lowering } from './lower.ts';
import type { Program } from './program.ts';

/** Returns the program, whose outputs include the session's own value of each exchanged scalar (`ownName`).
 * @throws GraphError when the graph cannot be split at the exchange (`splitExchange`), and as `lower` */
export function lowerExchange(graph: Graph, formsOf?: FormsOf): Program {
  const { first, second, exchanged: links, carried } = splitExchange(graph);
  const { exchanged } = graph.results;
  const lowering = new Lowering(formsOf);
  lowering.addNodes(first.nodes);
  const averages = addExchange(lowering, exchanged);
  for (const [name, average] of averages) {
    const input = second.inputs.get(links.get(name) ?? '');
    if (input !== undefined) lowering.bind(input, average);
  }
  for (const name of carried) {
    const [value, input] = [first.results.output.get(name), second.inputs.get(name)];
    if (value !== undefined && input !== undefined) lowering.bind(input, lowering.slotOf(value));
  }
  lowering.addNodes(second.nodes);
  const results = mapResults(withoutRole(graph.results, 'exchanged'), (value, name, role) =>
    lowering.slotOf(second.results[role].get(name) ?? value),
  );
  const own = [...exchanged].flatMap(([name, value]) =>
    value.shape.length === 0 ? [[ownName(name), lowering.slotOf(value)] as const] : [],
  );
  return lowering.program(graph, { ...results, output: new Map([...results.output, ...own]) });
}

/** Adds the exchange call. Returns the averages by the names of the exchanged values, in their order. */
function addExchange(lowering: Lowering, exchanged: ReadonlyMap<string, Value>): ReadonlyMap<string, Slot> {
  const averages = new Map(
    [...exchanged].map(([name, { shape }]) => {
      const average: Slot = { name: `averaged/${name}`, dims: slotDims(shape), type: 'float32' };
      return [name, average] as const;
    }),
  );
  lowering.addCall({
    op: exchangePart.op,
    name: exchangePart.name,
    kind: 'exchange',
    reads: byArgument([...exchanged].map(([name, value]) => [name, lowering.slotOf(value)])),
    writes: byArgument([...averages]),
    parameters: {},
    postOps: [],
  });
  return averages;
}

function byArgument(slots: readonly (readonly [string, Slot])[]): Readonly<Record<NamedArgument, Slot>> {
  return Object.fromEntries(slots.map(([name, slot]) => [`exchanged ${name}`, slot]));
}
