/**
 * Several sessions that train together, as one session: each tower computes its share of every batch, and the sessions average
 * gradients, losses and states (`exchange.ts`), so that all towers have the same variables.
 *
 *     feeds  [128, …] ─► rows 0 … 63, rows 64 … 127      scalars go to every tower
 *     logits [64, 10], [64, 10] ─► [128, 10]             what depends on the batch is joined; everything else is the same in all
 */
import { requireOptions, requireWholeNumber } from '../arguments.ts';
import type { GroupStart, OuterGroup, SharedMemoryOfGroup } from '../collective/group-start.ts';
import { failSharedGroup, newSharedGroup } from '../collective/shared-group.ts';
import { messageOf, RunError } from '../errors.ts';
import type { Graph, Value } from '../graph/graph.ts';
import { bytesOf, rowsOf, sameShape, sizeOf, type Tensor, tensorOver } from '../tensor/tensor.ts';
import {
  type Engine,
  type PartTime,
  type PlacedKernel,
  type Recovered,
  type Session,
  type StepOptions,
  stepChecks,
  type Tensors,
} from './engine.ts';
import { ownName } from './exchange.ts';
import { requireFeeds } from './worker-session.ts';

/** The name of the output with a tower's own value of an exchanged scalar, such as `tower_0/total_loss`. */
export function towerName(tower: number, scalar: string): string {
  return `tower_${tower}/${scalar}`;
}

/** The part of a tower in a step. */
export interface TowerPart {
  /** The graph of a step with the rows of the tower. */
  readonly graph: Graph;
  /** The share of the rows in the whole batch. The weights of all towers of all processes add up to 1. */
  readonly weight: number;
}

export interface TowerOptions {
  /** The graph of a step with the rows of all towers of this process. */
  readonly whole: Graph;
  readonly towers: readonly TowerPart[];
  /** The number of threads of each tower. */
  readonly threads: number;
  /** The other processes that train together with this one. */
  readonly outer?: OuterGroup | undefined;
}

/** Compiles a session for each tower of this process.
 * @throws RunError when the engine rejects a graph */
export async function openTowers(
  engine: Engine,
  { whole, towers, threads, outer }: TowerOptions,
): Promise<Session> {
  const memory = newSharedGroup(towers.length);
  const opened = await Promise.allSettled(
    towers.map(async ({ graph, weight }, rank): Promise<Tower> => {
      const group: GroupStart = { kind: 'threads', memory, rank, ...(outer && { outer }) };
      return { graph, session: await engine.compile(graph, { threads, exchange: { group, weight } }) };
    }),
  );
  const made = opened.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failure = opened.find((result) => result.status === 'rejected');
  if (failure === undefined) return new TowerSession(whole, made, memory);
  await Promise.allSettled(made.map(({ session }) => session.release()));
  throw failure.reason;
}

interface Tower {
  /** The graph of a step with the rows of this tower. */
  readonly graph: Graph;
  readonly session: Session;
}

class TowerSession implements Session {
  readonly #whole: Graph;
  readonly #towers: readonly Tower[];
  readonly #memory: SharedMemoryOfGroup;
  /** What the towers returned that completed the step that failed in another tower. */
  #updated: ReadonlyMap<Tower, Tensors> = new Map();

  constructor(whole: Graph, towers: readonly Tower[], memory: SharedMemoryOfGroup) {
    this.#whole = whole;
    this.#towers = towers;
    this.#memory = memory;
  }

  async write(variables: Tensors): Promise<void> {
    await this.#each(({ session }) => session.write(variables));
  }

  async step(feeds: Tensors, options: StepOptions = {}): Promise<Tensors> {
    requireOptions(options, stepChecks);
    const parts = this.#split(feeds);
    const updated = new Map<Tower, Tensors>();
    this.#updated = updated;
    const results = await this.#each(async (tower, index) => {
      const outputs = await tower.session.step(parts[index] ?? new Map(), options);
      updated.set(tower, outputs);
      return outputs;
    });
    updated.clear();
    return this.#joined(results);
  }

  read(): Promise<Tensors> {
    return this.#first.session.read();
  }

  /** Reads a tower whose variables are those from before the failed step or, if all those have ended, one that completed the step.
   * @throws the error of the first tower if no tower can be read */
  async recover(): Promise<Recovered> {
    const isUpdated = (tower: Tower) => this.#updated.has(tower);
    const sorted = this.#towers.toSorted((a, b) => Number(isUpdated(a)) - Number(isUpdated(b)));
    const errors: unknown[] = [];
    for (const tower of sorted)
      try {
        const outputs = this.#updated.get(tower);
        return { variables: await tower.session.read(), ...(outputs && { outputs }) };
      } catch (error) {
        errors.push(error);
      }
    throw errors[0];
  }

  /** Profiles all towers at the same time and returns the times of the first. */
  async profile(feeds: Tensors, steps: number): Promise<readonly PartTime[]> {
    requireWholeNumber('steps', steps, 1);
    const parts = this.#split(feeds);
    const [first = []] = await this.#each(({ session }, index) =>
      session.profile(parts[index] ?? new Map(), steps),
    );
    return first;
  }

  /** Returns the kernels of the first tower. */
  placement(): Promise<readonly PlacedKernel[]> {
    return this.#first.session.placement();
  }

  async release(): Promise<void> {
    await Promise.all(this.#towers.map(({ session }) => session.release()));
  }

  get #first(): Tower {
    const [first] = this.#towers;
    if (first === undefined) throw new RunError('a session needs at least one tower');
    return first;
  }

  /** Does something in all towers at the same time. If it fails in one tower, the others are ended too.
   * @throws the error of the tower that failed first, with the number of the tower if there are several */
  async #each<T>(task: (tower: Tower, index: number) => Promise<T>): Promise<readonly T[]> {
    let failure: { readonly error: unknown } | undefined;
    const results = await Promise.allSettled(
      this.#towers.map((tower, index) =>
        task(tower, index).catch((error: unknown) => {
          const message = `tower ${index}: ${messageOf(error)}`;
          failure ??= { error: this.#towers.length === 1 ? error : new RunError(message, { cause: error }) };
          failSharedGroup(this.#memory, message);
          throw error;
        }),
      ),
    );
    if (failure !== undefined) throw failure.error;
    return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  /** Returns the feeds of each tower.
   * @throws RunError for a feed that is missing or unsuitable */
  #split(feeds: Tensors): readonly Tensors[] {
    requireFeeds(this.#whole, feeds);
    const next = new Map<string, number>();
    return this.#towers.map(
      ({ graph }) =>
        new Map(
          [...feeds].map(([name, feed]) => {
            const part = graph.inputs.get(name);
            if (part === undefined || sameShape(part.shape, feed.shape)) return [name, feed] as const;
            const [first, [rows = 0]] = [next.get(name) ?? 0, part.shape];
            next.set(name, first + rows);
            return [name, rowsOf(feed, first, rows)] as const;
          }),
        ),
    );
  }

  /** Joins the results of the towers. */
  #joined(results: readonly Tensors[]): Tensors {
    const [first = new Map<string, Tensor>()] = results;
    const { output, watched, exchanged } = this.#whole.results;
    const own = [...exchanged].flatMap(([name, { shape }]) =>
      shape.length > 0
        ? []
        : results.flatMap((tower, index) => {
            const value = tower.get(ownName(name));
            return value === undefined ? [] : [[towerName(index, name), value] as const];
          }),
    );
    const joined = [...first].flatMap(([name, value]) => {
      const whole = output.get(name) ?? watched.get(name);
      if (whole === undefined) return [];
      if (sameShape(whole.shape, value.shape)) return [[name, value] as const];
      const parts = results.flatMap((tower) => tower.get(name) ?? []);
      return [[name, joinRows(whole, parts)] as const];
    });
    return new Map([...joined, ...own]);
  }
}

/** Joins tensors along the batch axis: the one along which they are shorter than the whole. In most values it is the first axis,
 * in watched activations [H, W, N, C] the third. */
function joinRows({ dtype, shape }: Value, parts: readonly Tensor[]): Tensor {
  const axis = shape.findIndex((size, index) => size !== parts[0]?.shape[index]);
  const blocks = sizeOf(shape.slice(0, axis));
  const sources = parts.map(bytesOf);
  const joined = new Uint8Array(sources.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (let block = 0; block < blocks; block++)
    for (const source of sources) {
      const length = source.length / blocks;
      joined.set(source.subarray(block * length, (block + 1) * length), at);
      at += length;
    }
  return tensorOver({ dtype, shape }, joined.buffer);
}
