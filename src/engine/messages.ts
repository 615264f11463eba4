/** Messages between an engine and the thread of a session. Every request gets one reply, in order. */
import type { Tensor } from '../tensor/tensor.ts';
import type { PartTime } from './engine.ts';

/** A thread serves one session at a time: `start` begins one, `release` ends it. */
export type Request =
  | { readonly kind: 'start'; readonly start: unknown }
  | { readonly kind: 'write'; readonly tensors: ReadonlyMap<string, Tensor> }
  | { readonly kind: 'step'; readonly feeds: ReadonlyMap<string, Tensor>; readonly watch: boolean }
  | { readonly kind: 'read' }
  | { readonly kind: 'profile'; readonly feeds: ReadonlyMap<string, Tensor>; readonly steps: number }
  | { readonly kind: 'release' };

export type Reply =
  | { readonly kind: 'done'; readonly tensors: ReadonlyMap<string, Tensor> }
  | { readonly kind: 'profiled'; readonly parts: readonly PartTime[] }
  | { readonly kind: 'failed'; readonly message: string };
