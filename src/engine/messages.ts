/** What an engine and the thread of one of its sessions say to each other. Every request gets one reply, in order. */
import type { Tensor } from '../tensor/tensor.ts';

export type Request =
  | { readonly kind: 'write'; readonly tensors: ReadonlyMap<string, Tensor> }
  | { readonly kind: 'step'; readonly feeds: ReadonlyMap<string, Tensor> }
  | { readonly kind: 'read' }
  | { readonly kind: 'release' };

export type Reply =
  | { readonly kind: 'done'; readonly tensors: ReadonlyMap<string, Tensor> }
  | { readonly kind: 'failed'; readonly message: string };
