/** How every engine is made. A new engine is a folder with a maker, its row in offers.ts, and a line here. */
import type { OpName } from '../graph/signature.ts';
import type { Engine, Support } from './engine.ts';
import type { EngineName, PrecisionOf } from './offers.ts';
import { onednnMaker } from './onednn/onednn-engine.ts';
import { onnxMaker } from './onnx/runtime/onnx-engine.ts';

export interface EngineOptions<E extends EngineName> {
  readonly precision: PrecisionOf<E>;
  /** Threads of a session; by default one for each core that the process may use. */
  readonly threads?: number;
  /** Compute also where it is slow, such as bfloat16 on a CPU without instructions for it: to measure how slow. */
  readonly emulate?: boolean;
}

export interface EngineMaker<E extends EngineName> {
  /** `--engine auto` takes the engine of the lowest rank that is fast here. */
  readonly rank: number;
  /** Asks the engine's library, once.
   * @throws RunError when files, threads or memory run out */
  readonly support: (precision: PrecisionOf<E>) => Support;
  /** @throws RunError when the engine is not on this machine, or does not serve in this precision */
  readonly create: (options: EngineOptions<E>) => Engine;
  /** Whether it has a form of the operator. */
  readonly computes: (op: OpName) => boolean;
}

export const engineMakers: { readonly [E in EngineName]: EngineMaker<E> } = {
  onnx: onnxMaker,
  onednn: onednnMaker,
};
