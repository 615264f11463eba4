/**
 * The interface of engines. An engine compiles a graph and runs it step by step. This file does not depend on any of the
 * engines.
 *
 *     const session = await engine.compile(graph);
 *     await session.write(variables);
 *     const loss = (await session.step(feeds)).get('total_loss');   // computes the outputs, then applies the updates
 *     const seen = (await session.step(feeds, { watch: true })).get('conv1/weights/gradients');   // also watched values
 *     const trained = await session.read();
 *     await session.release();
 */
import {
  aBoolean,
  anObjectWith,
  aWholeNumber,
  type Check,
  type OptionChecks,
  optional,
} from '../arguments.ts';
import type { GroupStart } from '../collective/group-start.ts';
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Device } from './device.ts';
import type { EngineName, Precision } from './offers.ts';

export type { Device } from './device.ts';
export type { EngineName, Precision } from './offers.ts';

/** How well an engine supports a precision on this machine. */
export type Support =
  | {
      readonly verdict: 'fast';
      /** The GPU that computes, if it is known, such as `NVIDIA H100`. A software adapter is described as such. */
      readonly adapter?: string;
    }
  /** `slow`: it works, but is not faster than float32, so a run says so. `emulated`: it works, but is too slow for training, so it
   * has to be requested with `emulate`. `impossible`: the engine has no code for it that runs on this CPU or device. `missing`: its
   * library or its device was not found or cannot be used. */
  | {
      readonly verdict: 'slow' | 'emulated' | 'impossible' | 'missing';
      readonly why: string;
      /** The messages of the engine's library, for `--debug`. */
      readonly cause?: string;
    };

/** Tensors by name: the name of an input, a variable, an output or a watched value. */
export type Tensors = ReadonlyMap<string, Tensor>;

/** A library that runs graphs, with its settings. */
export interface Engine {
  readonly name: EngineName;
  /** The name and version of the library, such as `onnxruntime-node 1.30.0`. */
  readonly library: string;
  readonly precision: Precision;
  /** Where it computes. */
  readonly device: Device;
  /** The number of threads that a session computes with. */
  readonly threads: number;
  /** Compiles a graph in a worker thread.
   * @throws RunError when the library is missing or rejects the graph */
  compile(graph: Graph, options?: CompileOptions): Promise<Session>;
}

export const anEngine: Check = anObjectWith('compile', 'an engine: chooseEngine({ … }).engine');

/** Options of `Engine.compile`. */
export interface CompileOptions {
  /** Whether `Session.profile` may be called. This makes the session a little slower. Default: false. */
  readonly profiling?: boolean;
  /** The number of threads that the session computes with. Default: those of the engine. */
  readonly threads?: number;
  /** Averages the exchanged values of every step with those of other sessions, whose graphs have the same exchanged values.
   * `step` then also returns the session's own value of each exchanged scalar (`ownName`), and it blocks until the other
   * sessions take the same step. Default: no other sessions, and nothing is exchanged. */
  readonly exchange?: ExchangeStart;
}

/** What a session needs to take part in the exchange. */
export interface ExchangeStart {
  readonly group: GroupStart;
  /** The session's share of the examples of a step. The shares of all members add up to 1. */
  readonly weight: number;
}

/** Options of `Session.step`. */
export interface StepOptions {
  /** Whether to return the watched values too. Default: false. */
  readonly watch?: boolean;
}

export const compileChecks: OptionChecks<CompileOptions> = {
  profiling: optional(aBoolean),
  threads: optional(aWholeNumber(1)),
  exchange: optional(anObjectWith('group', 'the exchange of a session: { group, weight }')),
};
export const stepChecks: OptionChecks<StepOptions> = { watch: optional(aBoolean) };

/** The time of one part of a step. */
export interface PartTime {
  /** The operator of the graph, or an operation that the engine inserted, such as `Reorder`. */
  readonly op: string;
  /** The path of the node in the graph, such as `conv1/Conv2D`. */
  readonly name: string;
  /** The name that the engine gives to the code that ran. */
  readonly code: string;
  /** Whether the part only moves elements for an operator that computes something, such as a convolution in another layout. */
  readonly moves?: true;
  /** Median over the steps, in milliseconds. */
  readonly millis: number;
  /** Minimum over the steps, in milliseconds. */
  readonly fastest: number;
}

/** A kernel that every step runs: the code that the engine chose for one or more nodes. */
export interface PlacedKernel {
  /** The operator of the graph, or an operation that the engine inserted, such as `Reorder`. */
  readonly op: string;
  /** The path of the kernel, such as `conv1/Conv2D`. It starts with that of its node, except for kernels that the library inserted. */
  readonly name: string;
  /** The name that the engine's library gives to the code, such as `jit:avx512_core`. */
  readonly kernel: string;
  /** The device in TensorFlow's notation, such as `/device:CPU:0`. */
  readonly device: string;
  /** The paths of other nodes that the kernel computes too, such as the bias and the ReLU of a convolution. */
  readonly fused: readonly string[];
}

/** The variables of a session in which a step has failed. */
export interface Recovered {
  readonly variables: Tensors;
  /** The outputs of the failed step, if the variables are those from after it, because a part of the session completed the step
   * before another part failed. Otherwise the variables are those from before the step. */
  readonly outputs?: Tensors;
}

/** A compiled graph with its variables. */
export interface Session {
  /** Sets the given variables; the others keep their values. Variables start as zeros.
   * @throws RunError for a name, dtype or shape that the graph does not have */
  write(variables: Tensors): Promise<void>;
  /** Computes the outputs from the feeds and the variables, then updates the variables. Feeds are copied, so the caller may
   * reuse them. With `watch`, the step also returns the watched values as they were before the update.
   * @throws RunError for a missing or unsuitable feed, which leaves the variables unchanged, or when the engine fails. After
   * a failure of the engine the session can only be recovered and released */
  step(feeds: Tensors, options?: StepOptions): Promise<Tensors>;
  /** Returns copies of all variables. */
  read(): Promise<Tensors>;
  /** Returns copies of all variables after a failed call. They are those of a complete step.
   * @throws RunError when the variables were lost, or are only partly updated */
  recover(): Promise<Recovered>;
  /** Runs `steps` steps with the same feeds and returns the time of each part, in execution order.
   * @throws RunError when the session was not compiled with `profiling` */
  profile(feeds: Tensors, steps: number): Promise<readonly PartTime[]>;
  /** Returns the kernels that a step without watched values runs, in execution order, as the engine's library reports them. The
   * variables do not change.
   * @throws RunError when the engine fails */
  placement(): Promise<readonly PlacedKernel[]>;
  /** Frees the memory of the session. Its thread is reused for later sessions and does not keep the process alive. */
  release(): Promise<void>;
}
