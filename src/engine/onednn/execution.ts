/** Runs a compiled graph: owns its memory, primitives and their arguments. */
import { messageOf, RunError } from '../../errors.ts';
import type { Graph } from '../../graph/graph.ts';
import { requireMemory } from '../../machine/memory.ts';
import type { SlotType } from '../../ops/primitives.ts';
import { type Shape, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import type { ExchangeStart, PartTime, PlacedKernel, Tensors } from '../engine.ts';
import { Exchange } from '../exchange.ts';
import { areFinite } from '../finite-check.ts';
import type { PrecisionOf } from '../offers.ts';
import { partTime } from '../part-time.ts';
import { Arena } from './arena.ts';
import { planOf, programOf } from './compile.ts';
import type { Gaps } from './gaps.ts';
import { makeReorder } from './make-primitives.ts';
import { argumentNumbers } from './native/constants.ts';
import { type EncodedArguments, encodeArguments, type Handle, Onednn } from './native/onednn.ts';
import { type Placement, placeBuffers } from './placement.ts';
import type {
  Argument,
  Buffer,
  ExchangeStep,
  FiniteStep,
  Located,
  Plan,
  PrimitiveStep,
  Step,
} from './plan.ts';
import type { SideBySideRule } from './side-by-side.ts';
import { teamFor } from './small-work.ts';
import type { WinogradRule } from './winograd-rule.ts';

/** A step with the addresses of its operands and results. */
interface BoundStep {
  readonly step: Step;
  /** Returns `ends` if the session's step ends here, before its updates. */
  readonly run: () => 'ends' | undefined;
}
/** The reorders of a variable from its own layout to a row-major staging buffer (`out`), and back. */
interface Staging {
  readonly out: BoundStep;
  readonly back: BoundStep;
}

/** Options of `Execution`. */
export interface ExecutionOptions {
  /** How the session averages exchanged values with others. Default: it does not. */
  readonly exchange?: ExchangeStart | undefined;
  /** What oneDNN lacks on this CPU. Default: nothing. */
  readonly gaps?: Gaps;
  /** Which convolutions in float32 use Winograd's algorithm. Default: none. */
  readonly winograd?: WinogradRule;
  /** Which gradients of filters are computed from images side by side. Default: none. */
  readonly sideBySide?: SideBySideRule;
}

export class Execution {
  readonly #graph: Graph;
  readonly #onednn: Onednn;
  readonly #plan: Plan;
  readonly #placement: Placement;
  readonly #arena: Arena;
  readonly #scratchpad: bigint;
  readonly #steps: readonly BoundStep[];
  readonly #stagings: ReadonlyMap<string, Staging>;
  readonly #stagingBuffer: Buffer;
  readonly #stagingOffset: number;
  readonly #executePrimitive: (primitive: Handle, args: EncodedArguments) => void;
  readonly #exchange: Exchange | undefined;
  /** The first step that writes to the memory of a variable. */
  readonly #firstUpdate: BoundStep | undefined;
  /** Whether only some of the variables are updated. */
  #isPartlyUpdated = false;

  /** @throws RunError when oneDNN is missing or does not support a primitive of the graph
   * @throws GraphError when the graph has no values that can be exchanged */
  constructor(
    graph: Graph,
    threads: number,
    precision: PrecisionOf<'onednn'>,
    { exchange, ...options }: ExecutionOptions = {},
  ) {
    this.#graph = graph;
    this.#onednn = new Onednn(threads);
    this.#executePrimitive = this.#onednn.execute;
    try {
      this.#plan = planOf(
        this.#onednn,
        programOf(graph, precision, { exchange: exchange !== undefined, ...options }),
      );
      this.#placement = placeBuffers(this.#plan);
      const bytes = Math.max(0, ...[...graph.variables.values()].map(({ shape }) => 4 * sizeOf(shape)));
      this.#stagingBuffer = { name: 'staging', bytes, persistent: true };
      const stagings = this.#stagingReorders(this.#stagingBuffer);
      const steps = [...this.#plan.steps, ...this.#updateCopies()];
      const all = [...this.#plan.setup, ...steps, ...stagings.flatMap(([, out, back]) => [out, back])];
      // The memory holds the buffers, then the staging buffer, then one scratchpad that all steps share.
      this.#stagingOffset = aligned(this.#placement.bytes);
      const scratchpad = aligned(this.#stagingOffset + bytes);
      const needed = scratchpad + Math.max(0, ...all.map((step) => this.#scratchpadBytes(step)));
      requireMemory(`graph ${graph.name}`, needed);
      this.#arena = new Arena(this.#onednn, needed);
      this.#scratchpad = this.#arena.address(scratchpad);
      this.#putConstants();
      for (const step of this.#plan.setup) this.#execute(this.#bind(step));
      this.#steps = steps.map((step) => this.#bind(step));
      const kept = new Set([...this.#plan.variables.values()].map(({ buffer }) => this.#offsetOf(buffer)));
      this.#firstUpdate = this.#steps.find(({ step: { writes } }) =>
        writes.some(({ buffer }) => kept.has(this.#offsetOf(buffer))),
      );
      this.#stagings = new Map(
        stagings.map(([name, out, back]) => [name, { out: this.#bind(out), back: this.#bind(back) }]),
      );
      this.#exchange = exchange && new Exchange(exchange);
    } catch (error) {
      this.#onednn.release();
      throw error;
    }
  }

  /** Runs one step: computes the outputs from feeds and variables, and updates the variables, unless a scalar that must be finite is
   * not.
   * @throws RunError when oneDNN fails, or when another session of the exchange failed. In the latter case the variables are
   * unchanged. In the former, some of them may be updated; `read` then throws */
  step(feeds: Tensors, watch: boolean = false): Tensors {
    for (const [name, tensor] of feeds) this.#put(this.#plan.inputs.get(name), tensor);
    for (const bound of this.#steps) {
      if (bound.step.watched && !watch) continue;
      this.#isPartlyUpdated ||= bound === this.#firstUpdate;
      if (this.#execute(bound) === 'ends') break;
    }
    const { output, watched } = this.#plan.results;
    const taken = watch ? [...output, ...watched] : [...output];
    const results = new Map(taken.map(([name, home]) => [name, this.#take(home, this.#shapeOf(name))]));
    this.#isPartlyUpdated = false;
    return results;
  }

  write(variables: Tensors): void {
    for (const [name, tensor] of variables) {
      const home = this.#plan.variables.get(name);
      const staging = this.#stagings.get(name);
      if (staging === undefined) this.#put(home, tensor);
      else {
        this.#fill(this.#stagingOffset, tensor);
        this.#execute(staging.back);
      }
    }
  }

  /** @throws RunError when a step failed after it had updated some of the variables */
  read(): Tensors {
    if (this.#isPartlyUpdated) throw new RunError('the step that failed has updated some of the variables');
    return new Map(
      [...this.#plan.variables].map(([name, home]) => {
        const staging = this.#stagings.get(name);
        const shape = this.#graph.variables.get(name)?.shape ?? [];
        if (staging === undefined) return [name, this.#take(home, shape)];
        this.#execute(staging.out);
        return [name, this.#tensor(this.#stagingOffset, home.layout.type, shape)];
      }),
    );
  }

  /** Runs `steps` unwatched steps with the same feeds and measures the time of each primitive: 0 if the step ends before it. */
  profile(feeds: Tensors, steps: number): readonly PartTime[] {
    for (const [name, tensor] of feeds) this.#put(this.#plan.inputs.get(name), tensor);
    const unwatched = this.#steps.filter(({ step }) => !step.watched);
    const rounds = Array.from({ length: steps }, () => this.#timed(unwatched));
    return unwatched.map(({ step: { op, name, implementation, moves } }, index) => {
      const millis = rounds.map((round) => round[index] ?? 0);
      return partTime({ op, name, code: implementation, ...(moves && { moves }) }, millis);
    });
  }

  /** Returns the primitives of an unwatched step, with the implementations that oneDNN chose. */
  placement(): readonly PlacedKernel[] {
    const device = `/device:${this.#onednn.deviceKind}:0`;
    return this.#steps.flatMap(({ step: { op, name, implementation, fused, watched } }) =>
      watched ? [] : [{ op, name, kernel: implementation, device, fused }],
    );
  }

  /** Returns the milliseconds of each step, up to the one that ends the session's step. */
  #timed(steps: readonly BoundStep[]): readonly number[] {
    const times: number[] = [];
    for (const bound of steps) {
      const start = performance.now();
      const end = this.#execute(bound);
      times.push(performance.now() - start);
      if (end !== undefined) break;
    }
    return times;
  }

  close(): void {
    this.#exchange?.close();
    this.#onednn.release();
    this.#arena.release();
  }

  #execute({ step, run }: BoundStep): 'ends' | undefined {
    this.#onednn.setTeam(teamFor(step.small));
    return run();
  }

  #bind(step: Step): BoundStep {
    if (step.primitive === 'exchange') return { step, run: this.#bindExchange(step) };
    if (step.primitive === 'finite_check') return { step, run: this.#bindFiniteCheck(step) };
    return { step, run: this.#bindPrimitive(step) };
  }

  #bindFiniteCheck({ reads }: FiniteStep): BoundStep['run'] {
    const values = reads.map(({ buffer }) => this.#arena.float32(this.#offsetOf(buffer), 1));
    return () => (areFinite(values) ? undefined : 'ends');
  }

  /** Averages in the memory of the results. Operands that have memory of their own are copied there first. */
  #bindExchange({ reads, writes }: ExchangeStep): BoundStep['run'] {
    const viewOf = ({ buffer, elements }: ExchangeStep['reads'][number]) =>
      this.#arena.float32(this.#offsetOf(buffer), elements);
    const averages = writes.map(viewOf);
    const copies = reads.flatMap((operand, index) => {
      const [from, to] = [viewOf(operand), averages[index]];
      return to === undefined || from.byteOffset === to.byteOffset ? [] : [{ from, to }];
    });
    return () => {
      for (const { from, to } of copies) to.set(from);
      this.#exchange?.average(averages);
      return undefined;
    };
  }

  #bindPrimitive(step: PrimitiveStep): BoundStep['run'] {
    const memory = ({ buffer, descriptor, offset }: Argument) =>
      this.#onednn.memory(descriptor, this.#arena.address(this.#offsetOf(buffer) + offset));
    const args = [...step.reads, ...step.writes].map(
      (argument) => [argument.number, memory(argument)] as const,
    );
    if (step.scratchpad !== undefined) {
      args.push([argumentNumbers.scratchpad, this.#onednn.memory(step.scratchpad, this.#scratchpad)]);
    }
    const encoded = encodeArguments(args);
    return () => {
      try {
        this.#executePrimitive(step.primitive, encoded);
      } catch (error) {
        throw new RunError(`${step.text} (${step.implementation}): ${messageOf(error)}`, { cause: error });
      }
      return undefined;
    };
  }

  #scratchpadBytes(step: Step): number {
    if (!('scratchpad' in step) || step.scratchpad === undefined) return 0;
    return this.#onednn.byteSize(step.scratchpad);
  }

  #offsetOf(buffer: Buffer): number {
    return buffer === this.#stagingBuffer ? this.#stagingOffset : this.#placement.offsetOf(buffer);
  }

  #putConstants(): void {
    for (const [buffer, value] of this.#plan.constants) this.#fill(this.#offsetOf(buffer), value);
  }

  #put(home: Located | undefined, tensor: Tensor): void {
    if (home !== undefined) this.#fill(this.#offsetOf(home.buffer), tensor);
  }

  #fill(offset: number, { dtype, data }: Tensor): void {
    if (dtype === 'float32') this.#arena.float32(offset, data.length).set(data);
    if (dtype === 'int32') this.#arena.int32(offset, data.length).set(data);
  }

  #take({ buffer, layout }: Located, shape: Shape): Tensor {
    return this.#tensor(this.#offsetOf(buffer), layout.type, shape);
  }

  #tensor(offset: number, type: SlotType, shape: Shape): Tensor {
    const size = sizeOf(shape);
    return type === 'int32'
      ? { dtype: 'int32', shape, data: this.#arena.int32(offset, size).slice() }
      : { dtype: 'float32', shape, data: this.#arena.float32(offset, size).slice() };
  }

  /** The shape of an output or watched value. Only own values of exchanged scalars are not results of the graph. */
  #shapeOf(name: string): Shape {
    const { output, watched } = this.#graph.results;
    return (output.get(name) ?? watched.get(name))?.shape ?? [];
  }

  /** For each variable that is not row-major, makes the reorders to a row-major staging buffer and back. */
  #stagingReorders(staging: Buffer): readonly (readonly [string, PrimitiveStep, PrimitiveStep])[] {
    return [...this.#plan.variables].flatMap(([name, variable]) => {
      const { layout, rowMajor } = variable;
      if (layout === rowMajor) return [];
      const staged = { buffer: staging, layout: rowMajor };
      const out = makeReorder(this.#onednn, 'Read', name, variable, staged);
      const back = makeReorder(this.#onednn, 'Write', name, staged, variable);
      return [[name, out, back] as const];
    });
  }

  /** Makes steps that copy those updates that could not be written to the memory of their variables. */
  #updateCopies(): readonly Step[] {
    return this.#placement.copied.flatMap((name) => {
      const [from, to] = [this.#plan.results.update.get(name), this.#plan.variables.get(name)];
      if (from === undefined || to === undefined || from.buffer === to.buffer) return [];
      return [makeReorder(this.#onednn, 'Update', name, from, to)];
    });
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
