/**
 * What an engine is: it takes a graph and runs it step by step. Nothing here knows which engine.
 *
 *     const session = await engine.compile(graph);
 *     await session.write(variables);
 *     const loss = (await session.step(feeds)).get('total_loss');   // computes the outputs, then applies the updates
 *     const seen = (await session.step(feeds, { watch: true })).get('conv1/weights/gradients');   // and what is watched
 *     const trained = await session.read();
 *     await session.release();
 */
import type { Graph } from '../graph/graph.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { EngineName, Precision } from './offers.ts';

export type { EngineName, Precision } from './offers.ts';

/** What an engine can do in a precision on this machine. */
export type Support =
  | { readonly verdict: 'fast' }
  /** `slow`: it computes, but training so makes no sense. `impossible`: it has no code for it that runs on this CPU.
   * `missing`: its library is not here, or does not serve. */
  | { readonly verdict: 'slow' | 'impossible' | 'missing'; readonly why: string };

/** Tensors by the name of the input, variable or output they belong to. */
export type Tensors = ReadonlyMap<string, Tensor>;

export interface Engine {
  readonly name: EngineName;
  /** The library behind it, such as `onnxruntime-node 1.30.0`. */
  readonly library: string;
  readonly precision: Precision;
  /** Threads that a session computes with. */
  readonly threads: number;
  /** Makes a graph ready to run, in a thread of its own.
   * @throws RunError when the engine is missing or refuses the graph. */
  compile(graph: Graph, options?: CompileOptions): Promise<Session>;
}

export interface CompileOptions {
  /** The session can be profiled, and is a little slower for it. */
  readonly profiling?: boolean;
}

export interface StepOptions {
  readonly watch?: boolean;
}

/** What one part of a step took. */
export interface PartTime {
  /** The operator of the graph, or what the engine does in between, such as `Reorder`. */
  readonly op: string;
  /** Path of the node in the graph, such as `conv1/Conv2D`. */
  readonly name: string;
  /** What the engine calls the code that did it. */
  readonly code: string;
  /** Median over the steps, and the shortest. */
  readonly millis: number;
  readonly fastest: number;
}

/** A graph ready to run, and its variables. */
export interface Session {
  /** Sets variables; those that are not named keep their values. They start as zeros.
   * @throws RunError for a name, dtype or shape that the graph does not have. */
  write(variables: Tensors): Promise<void>;
  /** Computes the outputs from the feeds and the variables, then gives the variables their new values. The
   * tensors fed are copied and may be used again. Asked to watch, it returns what the graph watches too, as it is before
   * the variables change.
   * @throws RunError for a feed that is missing or does not fit: the variables are then as they were; or when the engine
   * fails: then the session can only be released. */
  step(feeds: Tensors, options?: StepOptions): Promise<Tensors>;
  /** Copies of all variables. */
  read(): Promise<Tensors>;
  /** Takes so many steps with the same feeds and tells what each part of them took, in order.
   * @throws RunError when the session was not compiled for it. */
  profile(feeds: Tensors, steps: number): Promise<readonly PartTime[]>;
  /** Frees the engine's memory. Its thread waits for the next session; it does not keep the process alive. */
  release(): Promise<void>;
}
