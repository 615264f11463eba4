/** The options besides the recipe that determine the results of a run. */
import { aChoice, aNumberWithin, aText, eitherOf, type OptionChecks, optional } from '../arguments.ts';
import type { DatasetName } from '../data/dataset.ts';
import { datasetNames } from '../data/datasets.ts';
import { aDeviceChoice, type DeviceChoice } from '../engine/device-names.ts';
import { type EngineName, engineChoices, type Precision, precisions } from '../engine/offers.ts';
import { type PictureOptions, pictureOptionChecks } from './run-data.ts';

/** The data, the seed and the engine of a training. */
export interface RunOptions extends PictureOptions {
  readonly dataset?: DatasetName | undefined;
  /** The labels of the data set that are used as the classes, such as `coarse`. Each data set defines its own labels. */
  readonly labels?: string | undefined;
  readonly seed?: number | undefined;
  /** The fraction of the training examples to hold out; 0 for none. */
  readonly holdout?: number | undefined;
  readonly engine?: EngineName | 'auto' | undefined;
  readonly precision?: Precision | undefined;
  /** Where the engine computes. `auto` selects the device that is fastest in a short trial. */
  readonly device?: DeviceChoice | undefined;
  /** The number of towers, which share the cores and each train with a part of every batch. `auto` is the number with which the
   * engine is fastest here. */
  readonly towers?: number | 'auto' | undefined;
}

export const runBounds = {
  seed: { kind: 'integer', minimum: 0, maximum: 9_007_199_254_740_991 },
  holdout: { kind: 'number', minimum: 0, maximum: 0.9 },
  towers: { kind: 'integer', minimum: 1, maximum: 1024 },
} as const;

/** The checks of the options. Every new option needs a line here. */
export const runOptionChecks: OptionChecks<RunOptions> = {
  dataset: optional(aChoice(datasetNames)),
  labels: optional(aText),
  ...pictureOptionChecks,
  seed: optional(aNumberWithin(runBounds.seed)),
  holdout: optional(aNumberWithin(runBounds.holdout)),
  engine: optional(aChoice(engineChoices)),
  precision: optional(aChoice(precisions)),
  device: optional(aDeviceChoice),
  towers: optional(eitherOf('auto', aNumberWithin(runBounds.towers))),
};
