import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failSharedGroup, newSharedGroup } from '../collective/shared-group.ts';
import { GraphError } from '../errors.ts';
import type { Graph } from '../graph/graph.ts';
import { truncatedNormal } from '../model/initializers.ts';
import { Layers } from '../model/layers.ts';
import type { Network } from '../model/network.ts';
import { networkOfKind } from '../model/network-kind.ts';
import { local } from '../model/networks/local.ts';
import { tutorialNetwork } from '../model/networks/tutorial.ts';
import { makeNetwork } from '../model/networks.ts';
import { GraphBuilder } from '../ops/builder.ts';
import { type Hyperparameters, tutorialHyperparameters } from '../recipe/hyperparameters.ts';
import { RandomStream } from '../tensor/random.ts';
import { bytesOf, float32, sizeOf, type Tensor, tensorOver } from '../tensor/tensor.ts';
import { assertClose } from '../testing/compare.ts';
import { engineVariants } from '../testing/engines.ts';
import { buildTrainingGraph, initialVariables, stepScalars } from '../training/training-graph.ts';
import type { Engine, Session, Tensors } from './engine.ts';
import { ownName } from './exchange.ts';

const batchSize = 6;
const widths = { conv1: 4, conv2: 4, local3: 8, local4: 6 };
const small = { ...tutorialNetwork(4, widths), imageShape: [3, 8, 8] };

/** A network with two masks. */
const dropout: Network = {
  ...{ name: 'dropout', configuration: {}, classes: 4, imageShape: [3, 4, 4] },
  build: (builder, images, mode) => {
    const layers = new Layers(builder, mode);
    const initial = { initializer: truncatedNormal(0.1), bias: 0 };
    const rows = builder.op('Reshape', { x: images }, { shape: [images.shape[0] ?? 0, 48] });
    const hidden = builder.scope('hidden', () => layers.dense(rows, { units: 8, ...initial }));
    const kept = layers.dropout(layers.relu(layers.dropout(hidden, { rate: 0.5 })), { rate: 0.25 });
    return layers.network(builder.scope('logits', () => layers.dense(kept, { units: 4, ...initial })));
  },
};

const networks: readonly Network[] = [
  small,
  networkOfKind(local, 4, widths, [3, 8, 8]),
  // Its running statistics are states, which are exchanged.
  makeNetwork('resnet', 4, { depth: 8 }, [3, 8, 8]),
  dropout,
];

interface Recipe {
  readonly network: Network;
  readonly hyperparameters: Hyperparameters;
}

const tutorial: Recipe = { network: small, hyperparameters: tutorialHyperparameters };
const graphOf = (recipe: Recipe, rows: number) => buildTrainingGraph({ ...recipe, batchSize: rows });

/** Returns the feeds of a step with the whole batch. */
function wholeFeeds({ inputs }: Graph, step: number, recipe: Recipe): Tensors {
  const scalars = stepScalars(step, 600, { ...recipe, batchSize });
  return new Map(
    [...inputs].map(([name, { dtype, shape }], index): [string, Tensor] => {
      const stream = new RandomStream(step, 'test', index);
      const draw = (next: () => number) => Array.from({ length: sizeOf(shape) }, next);
      if (dtype === 'int32')
        return [name, { dtype, shape, data: Int32Array.from(draw(() => stream.below(4))) }];
      if (name.startsWith('dropout'))
        return [
          name,
          float32(
            shape,
            draw(() => 2 * stream.below(2)),
          ),
        ];
      const scalar = scalars.get(name);
      return [name, float32(shape, scalar === undefined ? draw(() => stream.normal()) : [scalar])];
    }),
  );
}

/** Returns rows `first` to `first + count - 1` of the tensors that have rows. */
function rowsOf(feeds: Tensors, first: number, count: number): Tensors {
  return new Map(
    [...feeds].map(([name, tensor]) => {
      const { dtype, shape } = tensor;
      const [rows = 0, ...others] = shape;
      if (shape.length === 0) return [name, tensor];
      const bytes = bytesOf(tensor);
      const size = bytes.length / rows;
      const part = bytes.slice(first * size, (first + count) * size);
      return [name, tensorOver({ dtype, shape: [count, ...others] }, part.buffer)];
    }),
  );
}

/** Compiles a session for each graph. They exchange values, each with the weight of its share.
 * @param body also gets the memory of the group of the sessions */
async function withTowers<T>(
  engine: Engine,
  graphs: readonly { readonly graph: Graph; readonly weight: number }[],
  body: (towers: readonly Session[], memory: ReturnType<typeof newSharedGroup>) => Promise<T>,
  profiling = false,
): Promise<T> {
  const memory = newSharedGroup(graphs.length, 1000);
  const towers: Session[] = [];
  try {
    for (const [rank, { graph, weight }] of graphs.entries()) {
      const exchange = { group: { kind: 'threads', memory, rank }, weight } as const;
      towers.push(await engine.compile(graph, { threads: 1, exchange, profiling }));
    }
    return await body(towers, memory);
  } finally {
    await Promise.all(towers.map((tower) => tower.release()));
  }
}

interface Trained {
  /** What each tower returned, by step. */
  readonly returned: readonly (readonly Tensors[])[];
  /** The variables after each step. They are the same in all towers. */
  readonly variables: readonly Tensors[];
}

/** Opens sessions that train together, and passes a function that trains them from the same initial variables as often as it
 * is called. Its argument says for each step whether it is watched.
 * @param shares the rows of each tower */
function withTraining<T>(
  engine: Engine,
  recipe: Recipe,
  shares: readonly number[],
  body: (train: (watched: readonly boolean[]) => Promise<Trained>) => Promise<T>,
): Promise<T> {
  const whole = graphOf(recipe, batchSize);
  const start = initialVariables(whole, 1);
  const graphs = shares.map((rows) => ({ graph: graphOf(recipe, rows).graph, weight: rows / batchSize }));
  return withTowers(engine, graphs, (towers) =>
    body(async (watched) => {
      await Promise.all(towers.map((tower) => tower.write(start)));
      const returned: Tensors[][] = [];
      const variables: Tensors[] = [];
      for (const [step, watch] of watched.entries()) {
        const feeds = wholeFeeds(whole.graph, step, recipe);
        let first = 0;
        const running = towers.map((tower, index) => {
          const rows = shares[index] ?? 0;
          first += rows;
          return tower.step(rowsOf(feeds, first - rows, rows), { watch });
        });
        returned.push(await Promise.all(running));
        const [one = assert.fail(), ...others] = await Promise.all(towers.map((tower) => tower.read()));
        for (const other of others) assert.deepEqual(other, one, `variables after step ${step}`);
        variables.push(one);
      }
      return { returned, variables };
    }),
  );
}

/** Trains one session without an exchange, on some rows of each batch. */
async function trainAlone(
  engine: Engine,
  recipe: Recipe,
  { first, count, steps, watch = false }: Record<'first' | 'count' | 'steps', number> & { watch?: boolean },
): Promise<Trained> {
  const whole = graphOf(recipe, batchSize);
  const session = await engine.compile(graphOf(recipe, count).graph);
  try {
    await session.write(initialVariables(whole, 1));
    const returned: Tensors[][] = [];
    const variables: Tensors[] = [];
    for (let step = 0; step < steps; step++) {
      const feeds = rowsOf(wholeFeeds(whole.graph, step, recipe), first, count);
      returned.push([await session.step(feeds, { watch })]);
      variables.push(await session.read());
    }
    return { returned, variables };
  } finally {
    await session.release();
  }
}

const times = (count: number, watch = false) => Array.from({ length: count }, () => watch);

const numberOf = (tensor: Tensor | undefined) => Number(tensor?.data[0]);

/** Returns Σ weights[i] · tensors[i]. */
function mean(tensors: readonly (Tensor | undefined)[], weights: readonly number[]) {
  const [{ shape, data } = assert.fail('no tensor')] = tensors;
  const data64 = Float64Array.from({ length: data.length }, (_, index) =>
    tensors.reduce((sum, tensor, which) => sum + Number(tensor?.data[index]) * (weights[which] ?? 0), 0),
  );
  return { shape, data: data64 };
}

/** Builds a step whose results have names that the halves of a step might use too. Its second half needs values of the first
 * that are not exchanged. */
function oddGraph(): Graph {
  const b = new GraphBuilder('odd');
  const type = { dtype: 'float32', shape: [2] } as const;
  const x = b.input('exchanged/state', { dtype: 'float32', shape: [3, 2] });
  const state = b.variable('state', type, 'state');
  const sums = b.variable('averaged/state', type, 'state');
  const negative = b.op('Neg', { x }, {}, 'carried/sum');
  const columns = b.op('Sum', { x: negative }, { axes: [0], keepDims: false }, 'carried/columns');
  const moved = b.op('Add', { a: state, b: columns });
  b.result('exchanged', 'state', moved);
  b.update(state, moved);
  b.update(sums, b.op('Add', { a: b.op('Mul', { a: sums, b: moved }), b: columns }));
  const total = b.op('Sum', { x: negative }, { axes: [0, 1], keepDims: false });
  b.result('exchanged', 'total', total);
  b.result('exchanged', 'again', total);
  b.output('columns', columns);
  b.output('exchanged/total', b.op('Neg', { x: columns }));
  b.output('carried/carried/columns', b.op('Neg', { x: total }));
  b.watch('watched/state', moved);
  b.watch('computed/total', b.op('Square', { x: total }));
  b.watch('exchanged/again', b.op('Square', { x: columns }));
  b.watch('mixed', b.op('Mul', { a: moved, b: b.op('Square', { x: columns }) }));
  return b.build();
}

for (const { title, skip, create, tolerance } of engineVariants) {
  describe(`sessions of ${title} that exchange values`, { skip }, () => {
    test('compute the same 20 steps as one session, with equal and with unequal shares', async () => {
      const alone = await trainAlone(create(1), tutorial, { first: 0, count: batchSize, steps: 20 });
      const losses = graphOf(tutorial, batchSize).lossNames;
      for (const shares of [
        [3, 3],
        [4, 2],
      ]) {
        const towers = await withTraining(create(1), tutorial, shares, async (train) => {
          const once = await train(times(20));
          assert.deepEqual(await train(times(20)), once, 'the same towers compute the same bits');
          return once;
        });
        for (const [step, [one, other]] of towers.returned.entries()) {
          for (const loss of losses) {
            const expected = numberOf(alone.returned[step]?.[0]?.get(loss));
            const distance = Math.abs(numberOf(one?.get(loss)) - expected) / Math.max(1, Math.abs(expected));
            assert.ok(distance <= tolerance, `${loss} of step ${step} differs by ${distance}`);
            assert.deepEqual(one?.get(loss), other?.get(loss));
          }
        }
      }
    });

    for (const options of [
      { optimizer: 'nesterov', clipNorm: 0.5 },
      { optimizer: 'adamw', clipNorm: 0 },
    ] as const) {
      test(`compute the same updates as one session with ${options.optimizer}`, async () => {
        const recipe = { network: small, hyperparameters: { ...tutorialHyperparameters, ...options } };
        const towers = await withTraining(create(1), recipe, [4, 2], (train) => train(times(2)));
        const alone = await trainAlone(create(1), recipe, { first: 0, count: batchSize, steps: 2 });
        for (const [variable, expected] of alone.variables[1] ?? [])
          assertClose(towers.variables[1]?.get(variable), expected, 20 * tolerance, variable);
      });
    }

    for (const network of networks) {
      test(`average all variables, losses and watched gradients of ${network.name}`, async () => {
        // Without clipping, the first step of gradient descent is linear in the gradients.
        const recipe = { network, hyperparameters: tutorialHyperparameters };
        const weights = [4 / 6, 2 / 6];
        const towers = await withTraining(create(1), recipe, [4, 2], async (train) => {
          const watched = await train([true, false, true]);
          assert.deepEqual((await train(times(3))).variables, watched.variables, 'watching changes no bits');
          return watched;
        });
        const alone = [
          await trainAlone(create(1), recipe, { first: 0, count: 4, steps: 1, watch: true }),
          await trainAlone(create(1), recipe, { first: 4, count: 2, steps: 1, watch: true }),
        ];
        const variables = alone.map((one) => one.variables[0] ?? assert.fail());
        for (const [variable, found] of towers.variables[0] ?? []) {
          const own = variables.map((one) => one.get(variable));
          assertClose(found, mean(own, weights), tolerance, variable);
        }
        const returned = alone.map((one) => one.returned[0]?.[0] ?? assert.fail());
        const { exchanged, output, watched } = graphOf(recipe, 4).graph.results;
        const scalars = [...exchanged].filter(([, { shape }]) => shape.length === 0).map(([name]) => name);
        for (const [index, tower] of (towers.returned[0] ?? assert.fail()).entries()) {
          const own = (result: string) => returned[index]?.get(result) ?? assert.fail(result);
          const averages = [...output.keys(), ...watched.keys()].filter((result) => exchanged.has(result));
          assert.deepEqual(
            [...tower.keys()].sort(),
            [...output.keys(), ...watched.keys(), ...scalars.map(ownName)].sort(),
          );
          for (const result of tower.keys()) {
            if (averages.includes(result)) {
              const expected = mean(
                returned.map((one) => one.get(result)),
                weights,
              );
              assertClose(tower.get(result), expected, 2 * tolerance, result);
            } else if (!result.startsWith(ownName('')))
              assertClose(tower.get(result), own(result), tolerance, result);
          }
          for (const scalar of scalars)
            assertClose(tower.get(ownName(scalar)), own(scalar), tolerance, ownName(scalar));
        }
      });
    }

    test('accept any name, and values of the first half that are not averaged', async () => {
      const graph = oddGraph();
      const x = [
        [1, 2, 3, 4, 5, 6],
        [0, 1, 0, 1, 0, -4],
      ];
      const step = (towers: readonly Session[], watch: boolean) =>
        Promise.all(
          towers.map((tower, index) =>
            tower.step(new Map([['exchanged/state', float32([3, 2], x[index] ?? [])]]), { watch }),
          ),
        );
      const half = { graph, weight: 0.5 };
      await withTowers(create(1), [half, half], async (towers) => {
        await step(towers, false);
        const [one, other] = await step(towers, true);
        const data = (results: Tensors | undefined, result: string) =>
          [...(results?.get(result)?.data ?? [])].map((number) => Number(number) + 0);
        // The columns add up to [-9, -12] in the first tower, and to [0, 2] in the second.
        assert.deepEqual(data(one, 'columns'), [-9, -12]);
        assert.deepEqual(data(one, 'exchanged/total'), [9, 12]);
        assert.deepEqual(
          data(one, 'carried/carried/columns'),
          [9.5],
          'what depends on a total depends on its average',
        );
        assert.deepEqual(data(one, 'own/total'), [-21]);
        assert.deepEqual(data(other, 'own/again'), [2]);
        assert.deepEqual(data(one, 'watched/state'), [-9, -10]);
        assert.deepEqual(data(other, 'computed/total'), [90.25]);
        assert.deepEqual(data(one, 'exchanged/again'), [81, 144]);
        assert.deepEqual(data(other, 'mixed'), [0, -40]);
        const variables = await Promise.all(towers.map((tower) => tower.read()));
        assert.deepEqual(data(variables[1], 'state'), [-9, -10]);
        // Before the second step the sums of the first tower are its columns.
        assert.deepEqual(data(variables[0], 'averaged/state'), [72, 108]);
        assert.deepEqual(data(variables[1], 'averaged/state'), [0, -18]);
      });
    });

    test('refuse a graph without exchanged values', async () => {
      const b = new GraphBuilder('plain');
      b.output('y', b.op('Neg', { x: b.input('x', { dtype: 'float32', shape: [2] }) }));
      await assert.rejects(
        withTowers(create(1), [{ graph: b.build(), weight: 1 }], async () => undefined),
        new GraphError('graph plain has no exchanged values'),
      );
    });

    test('keep their variables after an unsuitable feed, and can continue', async () => {
      const { graph } = graphOf(tutorial, 3);
      const half = { graph, weight: 0.5 };
      await withTowers(create(1), [half, half], async (towers) => {
        const start = initialVariables(graphOf(tutorial, 3), 1);
        await Promise.all(towers.map((tower) => tower.write(start)));
        const feeds = wholeFeeds(graph, 0, tutorial);
        const wrong = new Map(feeds).set('images', float32([1], [0]));
        for (const tower of towers) await assert.rejects(tower.step(wrong), /input images: expected/);
        for (const tower of towers) assert.deepEqual(await tower.read(), new Map(start));
        await Promise.all(towers.map((tower) => tower.step(feeds)));
      });
    });

    test('fail when their group fails, keep their variables, and can be released', async () => {
      const { graph } = graphOf(tutorial, 3);
      const half = { graph, weight: 0.5 };
      await withTowers(create(1), [half, half], async ([one = assert.fail()], memory) => {
        const start = initialVariables(graphOf(tutorial, 3), 1);
        await one.write(start);
        const feeds = wholeFeeds(graph, 0, tutorial);
        const step = assert.rejects(one.step(feeds), /^RunError: .*another tower failed/);
        setTimeout(() => failSharedGroup(memory), 100);
        await step;
        assert.deepEqual(await one.read(), new Map(start));
        await assert.rejects(one.step(feeds), /another tower failed/);
      });
    });

    test('are profiled with both halves and the exchange', async () => {
      const { graph } = graphOf(tutorial, 3);
      const half = { graph, weight: 0.5 };
      const profile = (towers: readonly Session[]) =>
        Promise.all(towers.map((tower) => tower.profile(wholeFeeds(graph, 0, tutorial), 3)));
      for (const parts of await withTowers(create(1), [half, half], profile, true)) {
        const exchange = parts.findIndex(({ op }) => op === 'Exchange');
        assert.ok((parts[exchange]?.millis ?? 0) > 0);
        const ofUpdates = ({ name: node }: { readonly name: string }) =>
          node.startsWith('train/conv1/weights');
        assert.ok(parts.findLastIndex(ofUpdates) > exchange, 'updates come after the exchange');
        assert.ok(parts.findIndex(({ name: node }) => node.startsWith('conv1/')) < exchange);
      }
    });
  });
}
