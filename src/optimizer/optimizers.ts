/** All optimizers, by their name in flags and checkpoints. To add an optimizer, add a file, and a name and an entry here. */
import { adam } from './adam.ts';
import { adamw } from './adamw.ts';
import { momentum } from './momentum.ts';
import { muon } from './muon.ts';
import { nesterov } from './nesterov.ts';
import type { Optimizer } from './optimizer.ts';
import { sgd } from './sgd.ts';

/** The name of an optimizer. */
export type OptimizerName = 'sgd' | 'momentum' | 'nesterov' | 'adam' | 'adamw' | 'muon';

export const optimizers: Readonly<Record<OptimizerName, Optimizer>> = {
  sgd,
  momentum,
  nesterov,
  adam,
  adamw,
  muon,
};
export const optimizerNames: readonly OptimizerName[] = Object.keys(optimizers) as readonly OptimizerName[];
