/** The numbers of the recipe, with the tutorial's values (r0.11, `cifar10.py`). */
export interface Hyperparameters {
  readonly initialLearningRate: number;
  readonly learningRateDecayFactor: number;
  /** Epochs after which the learning rate falls. */
  readonly numEpochsPerDecay: number;
  readonly movingAverageDecay: number;
  /** Factor of Σ w² / 2 for the weights of local3 and local4. */
  readonly weightDecay: number;
  /** Longest gradient, over all variables together; 0 for no limit, as in the tutorial. */
  readonly clipNorm: number;
}

export const tutorialHyperparameters: Hyperparameters = {
  initialLearningRate: 0.1,
  learningRateDecayFactor: 0.1,
  numEpochsPerDecay: 350,
  movingAverageDecay: 0.9999,
  weightDecay: 0.004,
  clipNorm: 0,
};
