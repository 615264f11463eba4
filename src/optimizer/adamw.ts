/** Adam with decoupled weight decay (I. Loshchilov, F. Hutter, ICLR 2019, algorithm 2, in the form of PyTorch's AdamW). */
import { adam } from './adam.ts';
import type { Optimizer } from './optimizer.ts';

export const adamw: Optimizer = { ...adam, weightDecay: 'decoupled' };
