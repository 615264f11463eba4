/** A graph made ready to run with oneDNN: memory, primitives and their arguments, in order. */
import { messageOf, RunError } from '../../errors.ts';
import type { Graph } from '../../graph/graph.ts';
import { withoutRole } from '../../graph/results.ts';
import { requireMemory } from '../../machine/memory.ts';
import type { SlotType } from '../../ops/primitives.ts';
import { commuteRelu } from '../../passes/commute-pool.ts';
import { prune } from '../../passes/rewrite.ts';
import { type Shape, sizeOf, type Tensor } from '../../tensor/tensor.ts';
import type { PartTime, Tensors } from '../engine.ts';
import type { PrecisionOf } from '../offers.ts';
import { partTime } from '../part-time.ts';
import { Arena } from './arena.ts';
import { fuseBias, fuseBiasGradient, fuseChains, headChains, pruneCalls } from './fuse.ts';
import { lower } from './lower.ts';
import { places } from './native/constants.ts';
import { type EncodedArguments, encodeArguments, type Handle, Onednn } from './native/onednn.ts';
import { type Placement, place } from './placement.ts';
import { toBfloat16 } from './precision.ts';
import type { Program, ProgramPass } from './program.ts';
import {
  type Argument,
  type Buffer,
  type Home,
  type Schedule,
  Scheduler,
  type Step,
  teamFor,
} from './schedule.ts';
import { withWatching } from './watching.ts';

/** The passes that give tensors the type they are computed in. */
const typing: { readonly [P in PrecisionOf<'onednn'>]: readonly ProgramPass[] } = {
  float32: [],
  bfloat16: [toBfloat16],
};

/** The program of a graph, before anything is known of the machine. */
export function programOf(graph: Graph, precision: PrecisionOf<'onednn'>): Program {
  const passes = [pruneCalls, fuseBias, fuseBiasGradient, fuseChains, headChains];
  // With a single worker there is nothing to exchange.
  const alone = { ...graph, results: withoutRole(graph.results, 'exchanged') };
  const whole = lower(commuteRelu(prune(alone)));
  const fused = passes.reduce((program, pass) => pass(program), whole);
  return [...typing[precision], pruneCalls].reduce(
    (program, pass) => pass(program),
    withWatching(fused, whole),
  );
}

/** A primitive with the addresses of its arguments. */
interface Ready {
  readonly step: Step;
  readonly args: EncodedArguments;
}
/** How a variable that does not lie row by row is brought to the row-major place and back. */
interface Passage {
  readonly out: Ready;
  readonly back: Ready;
}

export class Execution {
  readonly #graph: Graph;
  readonly #onednn: Onednn;
  readonly #schedule: Schedule;
  readonly #placement: Placement;
  readonly #arena: Arena;
  readonly #scratchpad: bigint;
  readonly #steps: readonly Ready[];
  readonly #passages: ReadonlyMap<string, Passage>;
  readonly #staging: Buffer;
  readonly #plainOffset: number;
  readonly #run: (primitive: Handle, args: EncodedArguments) => void;

  /** @throws RunError when oneDNN is not there or cannot do what the graph asks */
  constructor(graph: Graph, threads: number, precision: PrecisionOf<'onednn'>) {
    this.#graph = graph;
    this.#onednn = new Onednn(threads);
    this.#run = this.#onednn.execute;
    try {
      const scheduler = new Scheduler(this.#onednn, programOf(graph, precision));
      this.#schedule = scheduler.schedule();
      this.#placement = place(this.#schedule);
      const staging = Math.max(0, ...[...graph.variables.values()].map(({ shape }) => 4 * sizeOf(shape)));
      // Variables pass through a row-major place behind everything else, then comes what primitives scribble on.
      const plain = aligned(this.#placement.bytes);
      const scribble = aligned(plain + staging);
      this.#staging = { name: 'staging', bytes: staging, kept: true };
      const passages = this.#scheduledPassages(scheduler);
      const copies = this.#scheduledCopies(scheduler);
      const bytes = scribble + Math.max(0, ...scheduler.scratchpads());
      requireMemory(`graph ${graph.name}`, bytes);
      this.#arena = new Arena(this.#onednn, bytes);
      this.#plainOffset = plain;
      this.#scratchpad = this.#arena.address(scribble);
      this.#putConstants();
      for (const step of this.#schedule.setup) this.#execute(this.#ready(step));
      this.#steps = [...this.#schedule.steps, ...copies].map((step) => this.#ready(step));
      this.#passages = new Map(
        passages.map(([name, out, back]) => [name, { out: this.#ready(out), back: this.#ready(back) }]),
      );
    } catch (error) {
      this.#onednn.release();
      throw error;
    }
  }

  /** One step: outputs from feeds and variables, then the variables' new values. */
  step(feeds: Tensors, watch: boolean = false): Tensors {
    for (const [name, tensor] of feeds) this.#put(this.#schedule.inputs.get(name), tensor);
    for (const ready of this.#steps) if (watch || !ready.step.watched) this.#execute(ready);
    const { output, watched } = this.#schedule.results;
    const taken = watch ? [...output, ...watched] : [...output];
    return new Map(taken.map(([name, home]) => [name, this.#take(home, this.#shapeOf(name))]));
  }

  write(variables: Tensors): void {
    for (const [name, tensor] of variables) {
      const home = this.#schedule.variables.get(name);
      const passage = this.#passages.get(name);
      if (passage === undefined) this.#put(home, tensor);
      else {
        this.#fill(this.#plainOffset, tensor);
        this.#execute(passage.back);
      }
    }
  }

  read(): Tensors {
    return new Map(
      [...this.#schedule.variables].map(([name, home]) => {
        const passage = this.#passages.get(name);
        const shape = this.#graph.variables.get(name)?.shape ?? [];
        if (passage === undefined) return [name, this.#take(home, shape)];
        this.#execute(passage.out);
        return [name, this.#tensor(this.#plainOffset, home.slot.type, shape)];
      }),
    );
  }

  /** Takes so many steps with the same feeds and tells what each primitive took. */
  profile(feeds: Tensors, steps: number): readonly PartTime[] {
    for (const [name, tensor] of feeds) this.#put(this.#schedule.inputs.get(name), tensor);
    const every = this.#steps.filter(({ step }) => !step.watched);
    const rounds = Array.from({ length: steps }, () => every.map((ready) => this.#timed(ready)));
    return every.map(({ step: { op, name, implementation } }, index) => {
      const millis = rounds.map((round) => round[index] ?? 0);
      return partTime({ op, name, code: implementation }, millis);
    });
  }

  #timed(ready: Ready): number {
    const start = performance.now();
    this.#execute(ready);
    return performance.now() - start;
  }

  release(): void {
    this.#onednn.release();
    this.#arena.release();
  }

  #execute({ step, args }: Ready): void {
    this.#onednn.setTeam(teamFor(step.small));
    try {
      this.#run(step.primitive, args);
    } catch (error) {
      throw new RunError(`${step.text} (${step.implementation}): ${messageOf(error)}`);
    }
  }

  #ready(step: Step): Ready {
    const memory = ({ buffer, descriptor, offset }: Argument) =>
      this.#onednn.memory(descriptor, this.#arena.address(this.#offsetOf(buffer) + offset));
    const args = [...step.reads, ...step.writes].map(
      (argument) => [argument.place, memory(argument)] as const,
    );
    if (step.scratchpad !== undefined) {
      args.push([places.scratchpad, this.#onednn.memory(step.scratchpad, this.#scratchpad)]);
    }
    return { step, args: encodeArguments(args) };
  }

  #offsetOf(buffer: Buffer): number {
    return buffer === this.#staging ? this.#plainOffset : this.#placement.offsetOf(buffer);
  }

  #putConstants(): void {
    for (const [buffer, value] of this.#schedule.constants) this.#fill(this.#offsetOf(buffer), value);
  }

  #put(home: Home | undefined, tensor: Tensor): void {
    if (home !== undefined) this.#fill(this.#offsetOf(home.buffer), tensor);
  }

  #fill(offset: number, { dtype, data }: Tensor): void {
    if (dtype === 'float32') this.#arena.float32(offset, data.length).set(data);
    if (dtype === 'int32') this.#arena.int32(offset, data.length).set(data);
  }

  #take({ buffer, slot }: Home, shape: Shape): Tensor {
    return this.#tensor(this.#offsetOf(buffer), slot.type, shape);
  }

  #tensor(offset: number, type: SlotType, shape: Shape): Tensor {
    const size = sizeOf(shape);
    return type === 'int32'
      ? { dtype: 'int32', shape, data: this.#arena.int32(offset, size).slice() }
      : { dtype: 'float32', shape, data: this.#arena.float32(offset, size).slice() };
  }

  #shapeOf(name: string): Shape {
    const { output, watched } = this.#graph.results;
    return (output.get(name) ?? watched.get(name))?.shape ?? [];
  }

  /** For each variable in a layout of its own, the steps that bring it to the row-major place and back. */
  #scheduledPassages(scheduler: Scheduler): readonly (readonly [string, Step, Step])[] {
    return [...this.#schedule.variables].flatMap(([name, { buffer, layout, plain }]) => {
      if (this.#onednn.sameLayout(layout, plain)) return [];
      const out = scheduler.reorder('Read', name, buffer, layout, this.#staging, plain);
      const back = scheduler.reorder('Write', name, this.#staging, plain, buffer, layout);
      return [[name, out, back] as const];
    });
  }

  /** The steps that bring new values to variables whose place they could not take at once. */
  #scheduledCopies(scheduler: Scheduler): readonly Step[] {
    return this.#placement.copied.flatMap((name) => {
      const [from, to] = [this.#schedule.results.update.get(name), this.#schedule.variables.get(name)];
      if (from === undefined || to === undefined || from.buffer === to.buffer) return [];
      return [scheduler.reorder('Update', name, from.buffer, from.layout, to.buffer, to.layout)];
    });
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
