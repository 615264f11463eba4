/** The makers of all engines. A new engine is a folder with a maker, a row in offers.ts, and a line here. */
import type { OpName } from '../graph/signature.ts';
import type { Engine, Support } from './engine.ts';
import type { DeviceOf, EngineName, PrecisionOf } from './offers.ts';
import { onednnMaker } from './onednn/onednn-engine.ts';
import { onnxMaker } from './onnx/runtime/onnx-engine.ts';

export interface EngineOptions<E extends EngineName> {
  readonly precision: PrecisionOf<E>;
  /** Threads of a session. Default: one per usable core. */
  readonly threads?: number;
  /** Also allow what is slow, such as bfloat16 on a CPU without instructions for it, in order to measure it. */
  readonly emulate?: boolean;
}

/** Makes an engine in one precision. */
export interface PrecisionMaker<E extends EngineName, P extends PrecisionOf<E>> {
  /** How well the precision works here. The answer is cached.
   * @throws RunError when files, threads or memory run out */
  readonly support: () => Support;
  /** The type holds the engine to its name and precision.
   * @throws RunError when the engine is missing, or the precision does not work here */
  readonly create: (
    options: Omit<EngineOptions<E>, 'precision'>,
  ) => Engine & { readonly name: E; readonly precision: P };
}

export interface EngineMaker<E extends EngineName> {
  /** `--engine auto` takes the fast engine with the lowest rank. */
  readonly rank: number;
  /** A maker for everything that it offers. */
  readonly on: {
    readonly [D in DeviceOf<E>]: { readonly [P in PrecisionOf<E>]: PrecisionMaker<E, P> };
  };
  /** Whether it supports the operator. */
  readonly computes: (op: OpName) => boolean;
}

export const engineMakers: { readonly [E in EngineName]: EngineMaker<E> } = {
  onnx: onnxMaker,
  onednn: onednnMaker,
};
