/** The interfaces through which the folder of an engine offers its engine to the registry. */
import type { OpName } from '../graph/signature.ts';
import type { Engine, Support } from './engine.ts';
import type { DeviceOf, EngineName, PrecisionOf } from './offers.ts';

/** Options of an engine. */
export interface EngineOptions<E extends EngineName> {
  readonly precision: PrecisionOf<E>;
  /** The number of threads of a session. Default: one per usable core. */
  readonly threads?: number;
  /** Also allows precisions that are slow here, such as bfloat16 on a CPU without instructions for it, so that they can be
   * measured. */
  readonly emulate?: boolean;
}

/** Makes an engine in one precision. */
export interface PrecisionMaker<E extends EngineName, P extends PrecisionOf<E>> {
  /** Returns how well the precision works on this machine. The answer is cached.
   * @throws RunError when files, threads or memory run out */
  readonly support: () => Support;
  /** Creates the engine. The return type makes sure that it has the right name and precision.
   * @throws RunError when the engine is missing, or the precision does not work on this machine */
  readonly create: (
    options: Omit<EngineOptions<E>, 'precision'>,
  ) => Engine & { readonly name: E; readonly precision: P };
}

export interface EngineMaker<E extends EngineName> {
  /** `--engine auto` chooses the engine with the lowest rank among those that are fast on this machine. */
  readonly rank: number;
  /** A maker for each device and precision that the engine offers. */
  readonly on: {
    readonly [D in DeviceOf<E>]: { readonly [P in PrecisionOf<E>]: PrecisionMaker<E, P> };
  };
  /** Whether the engine supports the operator. */
  readonly computes: (op: OpName) => boolean;
}
