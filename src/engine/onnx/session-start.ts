/** What the thread of a session of this engine starts from. */
import type { TensorType } from '../../tensor/tensor.ts';

export interface SessionStart {
  readonly model: Uint8Array;
  readonly threads: number;
  /** Names of the variables and of the model's outputs that hold their new values (or the variable itself). */
  readonly variables: readonly {
    readonly name: string;
    readonly type: TensorType;
    readonly update: string | null;
  }[];
  readonly outputs: readonly string[];
  /** What is watched → the input, the variable, or the output of one of the two models that it is. */
  readonly watched: ReadonlyMap<string, string>;
  /** The outputs of the step's model that only watching wants. */
  readonly shared: readonly string[];
  /** The model that computes what is watched and not part of a step. */
  readonly watch?: { readonly model: Uint8Array; readonly inputs: readonly string[] };
  /** Where ONNX Runtime writes its profile: the beginning of a file's path, or undefined for none. */
  readonly profilePrefix?: string;
}
