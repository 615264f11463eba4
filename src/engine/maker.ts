/** The interfaces through which the folder of an engine offers its engine to the registry. */
import type { OpName } from '../graph/signature.ts';
import type { Device } from './device.ts';
import type { Engine, Support } from './engine.ts';
import type { DeviceKindOf, EngineName, PrecisionOf, PrecisionOn } from './offers.ts';

/** Options of an engine. */
export interface EngineOptions<E extends EngineName> {
  readonly precision: PrecisionOf<E>;
  /** The number of threads of a session. Default: one per usable core. */
  readonly threads?: number;
  /** Also allows precisions that are slow here, such as bfloat16 on a CPU without instructions for it, so that they can be
   * measured. */
  readonly emulate?: boolean;
}

/** Makes an engine in one precision on one kind of device. */
export interface PrecisionMaker<E extends EngineName, P extends PrecisionOf<E>> {
  /** Returns how well the precision works on a device of this machine. The answer is cached.
   * @throws RunError when files, threads or memory run out */
  readonly support: (device: Device) => Support;
  /** Creates the engine. The return type makes sure that it has the right name and precision.
   * @throws RunError when the engine or the device is missing, or the precision does not work on this machine */
  readonly create: (
    options: Omit<EngineOptions<E>, 'precision'> & { readonly device: Device },
  ) => Engine & { readonly name: E; readonly precision: P };
}

export interface EngineMaker<E extends EngineName> {
  /** `--engine auto` chooses the engine with the lowest rank among those that are fast on this machine. */
  readonly rank: number;
  /** A maker for each kind of device and precision that the engine offers. */
  readonly on: {
    readonly [D in DeviceKindOf<E>]: {
      readonly [P in PrecisionOn<E, D> & PrecisionOf<E>]: PrecisionMaker<E, P>;
    };
  };
  /** Returns the version of the engine's library and the instruction set of the CPU that it uses, if the library reports it.
   * @throws RunError when the library is missing */
  readonly instructions?: () => string;
  /** Whether the engine supports the operator. */
  readonly computes: (op: OpName) => boolean;
}
