/** What the thread of a session of this engine starts from. */
import type { Tensor } from '../../tensor/tensor.ts';

/** Given to the thread when it starts; it replies `done` when the session is ready. */
export interface SessionStart {
  readonly model: Uint8Array;
  readonly threads: number;
  /** Names of the variables and of the model's outputs that hold their new values (or the variable itself). */
  readonly variables: readonly {
    readonly name: string;
    readonly type: Tensor;
    readonly update: string | null;
  }[];
  readonly outputs: readonly string[];
  /** Where ONNX Runtime writes its profile: the beginning of a file's path, or undefined for none. */
  readonly profilePrefix?: string;
}
