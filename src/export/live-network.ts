/** The trained network as `predict` and an evaluation compute it, with which exports are compared. */
import type { Engine } from '../engine/engine.ts';
import { chooseEngine } from '../engine/engines.ts';
import type { Classifier } from '../predict/classifier.ts';
import { NetworkClassifier } from '../predict/network-classifier.ts';
import type { Float32Tensor } from '../tensor/tensor.ts';
import type { TrainedNetwork } from './trained-network.ts';

/** Returns the engine that an evaluation uses by default. */
export function defaultEngine(): Engine {
  return chooseEngine({ engine: 'auto', precision: 'float32' }).engine;
}

/** Compiles the network.
 * @param values the values of its variables, by name */
export function liveNetwork(
  { network, images }: Pick<TrainedNetwork, 'network' | 'images'>,
  values: ReadonlyMap<string, Float32Tensor>,
  batchSize: number,
): Promise<Classifier> {
  const weighted = { network, images, tensors: values, weights: 'raw' } as const;
  return NetworkClassifier.create(weighted, defaultEngine(), batchSize);
}
