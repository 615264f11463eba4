/** What the engine and the thread of one of its sessions say to each other. Every request gets one reply, in order. */
import type { Tensor } from '../../tensor/tensor.ts';

export type Request =
  | { readonly kind: 'write'; readonly tensors: ReadonlyMap<string, Tensor> }
  | { readonly kind: 'step'; readonly feeds: ReadonlyMap<string, Tensor> }
  | { readonly kind: 'read' }
  | { readonly kind: 'release' };

export type Reply =
  | { readonly kind: 'done'; readonly tensors: ReadonlyMap<string, Tensor> }
  | { readonly kind: 'failed'; readonly message: string };

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
}
