/**
 * The metadata of a checkpoint, which describes the run that wrote it. In the file every field is a string in
 * `__metadata__`. Strings are stored unchanged, all other values as JSON.
 */
import { RunError } from '../errors.ts';
import {
  dictionaryOf,
  finiteNumber,
  json,
  listOf,
  orNull,
  type Reader,
  record,
  text,
  wholeNumber,
  withDefault,
} from '../readers.ts';
import { type Hyperparameters, readHyperparameters } from '../recipe/hyperparameters.ts';
import type { NetworkDescription } from '../recipe/network-request.ts';
import { type FrozenLayers, type ParameterGroup, readParameterGroups } from '../recipe/parameter-groups.ts';
import type { Length } from '../recipe/recipe.ts';
import { tutorialRecipe } from '../recipe/recipes/tutorial.ts';
import { oneLine, shortened } from '../wording.ts';

/** What a checkpoint says about its run. */
export interface CheckpointMetadata {
  /** The number of steps taken, including skipped ones. */
  readonly globalStep: number;
  /** The number of these steps that changed no variable, because their gradients were not finite. 0 for checkpoints of versions
   * before 0.2, and for runs that do not scale their loss. */
  readonly skippedSteps: number;
  /** The scale of the loss at the next step, and the number of finite steps since it has changed. Undefined if the loss is not scaled. */
  readonly lossScale: StoredLossScale | undefined;
  readonly seed: number;
  readonly dataset: DatasetDescription;
  /** The name of the recipe that the run started with. For checkpoints of versions before 0.2, it is that of the tutorial. */
  readonly recipe: string;
  readonly network: NetworkDescription;
  /** The fraction of the training examples that the seed selected for validation; 0 for none. */
  readonly holdout: number;
  /** The precision @ 1 on the held-out examples at this step, or null if it was not measured. */
  readonly validationPrecision: number | null;
  /** The number of examples per update, over all towers and ranks. */
  readonly batchSize: number;
  /** The type of activations and matrix operations, such as `float32`. */
  readonly precision: string;
  /** The engine used, such as `onnx`. */
  readonly engine: string;
  /** The device on which it computed, such as `cpu` or `cuda:1`. For checkpoints of versions before 0.2, it is `cpu`. */
  readonly device: string;
  /** The number of threads per tower, of towers per rank, and of ranks. They determine the order of sums, and thus rounding. */
  readonly threads: number;
  readonly towers: number;
  readonly ranks: number;
  readonly hyperparameters: Hyperparameters;
  /** The groups of parameters that have their own factors. The list is empty for checkpoints of versions before 0.2. */
  readonly groups: readonly ParameterGroup[];
  /** The layers that are not trained. The list is empty for checkpoints of versions before 0.2. */
  readonly freeze: FrozenLayers;
  /** How the network's images are made: the names of an augmentation and a normalization (`input/augmentations.ts`). For
   * checkpoints of versions before 0.2, they are those of the tutorial. */
  readonly augmentation: string;
  readonly normalization: string;
  /** Whose mean and deviation `dataset.statistics` are: `own` for those of the training images, `source` for those of the run or
   * file that the initial weights come from. For checkpoints of versions before 0.2, they are their own. */
  readonly statistics: string;
  /** The length of the run, unless it is resumed with another length. For checkpoints of versions before 0.2, it is that of the
   * tutorial. */
  readonly length: Length;
  /** The changes made during the run, one line for each. Because of them, a new run with this recipe gives different results. */
  readonly history: readonly string[];
  readonly versions: Versions;
}

/** `LossScale` of a run. */
export interface StoredLossScale {
  readonly scale: number;
  readonly finiteSteps: number;
}

/** The data set of a run, as its checkpoints describe it. */
export interface DatasetDescription {
  readonly name: string;
  /** The label of the records that is used as the class, such as `fine`; `class` for data sets with a single label. */
  readonly labels: string;
  readonly trainingExamples: number;
  readonly testExamples: number;
  /** The names of the classes. A label is an index into them. */
  readonly classes: readonly string[];
  /** A checksum of the files, which tells apart two data sets with the same name. */
  readonly checksum: string;
  /** The shape of the images of the records, [channels, height, width]. Checkpoints of versions before 0.2 contain neither the
   * shape nor the statistics: those of the data set of that name apply. */
  readonly image: StoredImageShape | undefined;
  /** The mean and the standard deviation of each channel of the training images. */
  readonly statistics: StoredStatistics | undefined;
  /** Where the user's own pictures come from, or undefined for other data sets. */
  readonly origin: StoredOrigin | undefined;
}

/** The shape of the images of a run, [C, H, W]. */
export type StoredImageShape = readonly [channels: number, height: number, width: number];

/** `PicturesOrigin` of a data set. */
export interface StoredOrigin {
  readonly source: string;
  readonly cache: string | undefined;
  readonly testShare: number;
  readonly splitSeed: number;
}

/** The mean and the standard deviation of each channel, of values from 0 to 1. */
export interface StoredStatistics {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** The versions of the programs that wrote a checkpoint. */
export interface Versions {
  readonly cifar10: string;
  readonly node: string;
  readonly engine: string;
}

const fields: { readonly [K in keyof CheckpointMetadata]: Reader<CheckpointMetadata[K]> } = {
  globalStep: json(wholeNumber(0)),
  skippedSteps: withDefault(json(wholeNumber(0)), 0),
  lossScale: withDefault<StoredLossScale | undefined>(
    json(record<StoredLossScale>({ scale: powerOfTwo, finiteSteps: wholeNumber(0) })),
    undefined,
  ),
  seed: json(wholeNumber(0)),
  dataset: json(
    record<DatasetDescription>({
      name: text,
      labels: withDefault(text, 'class'),
      trainingExamples: wholeNumber(1),
      testExamples: wholeNumber(0),
      classes: listOf(text),
      checksum: text,
      image: withDefault<StoredImageShape | undefined>(readImageShape, undefined),
      statistics: withDefault<StoredStatistics | undefined>(
        record({ mean: listOf(finiteNumber), deviation: listOf(finiteNumber) }),
        undefined,
      ),
      origin: withDefault<StoredOrigin | undefined>(
        record({
          source: text,
          cache: withDefault<string | undefined>(text, undefined),
          testShare: finiteNumber,
          splitSeed: wholeNumber(0),
        }),
        undefined,
      ),
    }),
  ),
  recipe: withDefault(text, tutorialRecipe.name),
  network: json((value, where) => readNetwork(withConfiguration(value), where)),
  holdout: json(finiteNumber),
  validationPrecision: json(orNull(finiteNumber)),
  batchSize: json(wholeNumber(1)),
  precision: text,
  engine: text,
  device: withDefault(text, 'cpu'),
  threads: json(wholeNumber(1)),
  towers: json(wholeNumber(1)),
  ranks: json(wholeNumber(1)),
  hyperparameters: json(readHyperparameters),
  groups: withDefault(json(readParameterGroups), []),
  freeze: withDefault(json(listOf(text)), []),
  augmentation: withDefault(text, tutorialRecipe.augmentation),
  normalization: withDefault(text, tutorialRecipe.normalization),
  statistics: withDefault(text, tutorialRecipe.statistics),
  length: withDefault(json(readLength), tutorialRecipe.length),
  history: withDefault(json(listOf(text)), []),
  versions: json(record<Versions>({ cifar10: text, node: text, engine: text })),
};

const readNetwork = record<NetworkDescription>({ name: text, configuration: dictionaryOf(finiteNumber) });

function powerOfTwo(value: unknown, where: string): number {
  const found = finiteNumber(value, where);
  if (found > 0 && Number.isInteger(Math.log2(found))) return found;
  throw new RunError(`${where}: expected a power of two, found ${found}`);
}

function readImageShape(value: unknown, where: string): StoredImageShape {
  const [channels, height, width, ...others] = listOf(wholeNumber(1))(value, where);
  if (channels !== undefined && height !== undefined && width !== undefined && others.length === 0)
    return [channels, height, width];
  throw new RunError(
    `${where}: expected three sizes (channels, height, width), found ${JSON.stringify(value)}`,
  );
}

/** Versions before 0.2 stored the configuration as `layerWidths`. */
function withConfiguration(network: unknown): unknown {
  if (typeof network !== 'object' || network === null || !('layerWidths' in network)) return network;
  const { layerWidths, ...rest } = network;
  return { ...rest, configuration: layerWidths };
}

function readLength(value: unknown, where: string): Length {
  const isEpochs = typeof value === 'object' && value !== null && 'epochs' in value;
  return isEpochs
    ? record<{ readonly epochs: number }>({ epochs: finiteNumber })(value, where)
    : record<{ readonly maxSteps: number }>({ maxSteps: wholeNumber(0) })(value, where);
}

const readFields = record<CheckpointMetadata>(fields);

/** Marks a safetensors file as a checkpoint of this program. The version determines which fields it has. */
const mark = { key: 'cifar10Checkpoint', version: '1' } as const;

/** Whether the metadata of a safetensors file marks it as a checkpoint of this program. */
export function isCheckpointMetadata(stored: Readonly<Record<string, string>>): boolean {
  return mark.key in stored;
}

/** Encodes metadata as strings.
 * @throws RunError for a value that could not be read back, such as a learning rate of NaN */
export function encodeMetadata(metadata: CheckpointMetadata): Record<string, string> {
  const strings = Object.entries(metadata)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]): [string, string] => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]);
  const stored = Object.fromEntries([[mark.key, mark.version], ...strings]);
  decodeMetadata(stored, 'checkpoint to be written');
  return stored;
}

/** @throws RunError with the file and the field */
export function decodeMetadata(stored: Readonly<Record<string, string>>, file: string): CheckpointMetadata {
  const version = stored[mark.key];
  if (version === undefined) {
    throw new RunError(`${file}: a safetensors file, but not a checkpoint of this program`);
  }
  if (version !== mark.version) {
    throw new RunError(
      `${file}: checkpoint format: found ${oneLine(shortened(version))}, expected ${mark.version}. Use the version of the program that wrote the file`,
    );
  }
  const metadata = readFields(stored, `${file}: metadata`);
  const { globalStep, skippedSteps } = metadata;
  if (skippedSteps <= globalStep) return metadata;
  throw new RunError(
    `${file}: metadata.skippedSteps: expected at most ${globalStep}, the number of steps, found ${skippedSteps}`,
  );
}
