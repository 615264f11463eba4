/**
 * What a checkpoint says about the run that wrote it, beside its tensors. On disk every field is a string of
 * `__metadata__`: texts as they are, all else as JSON.
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
import { type ParameterGroup, readParameterGroups } from '../recipe/parameter-groups.ts';
import { oneLine, shortened } from '../wording.ts';

export interface CheckpointMetadata {
  /** Updates applied. */
  readonly globalStep: number;
  readonly seed: number;
  readonly dataset: DatasetDescription;
  readonly network: NetworkDescription;
  /** Share of the training examples kept out of training, chosen by the seed; 0 for none. */
  readonly holdout: number;
  /** Precision @ 1 on them at this step, where it was measured. */
  readonly validationPrecision: number | null;
  /** Examples of one update, over all towers and ranks. */
  readonly batchSize: number;
  /** What activations and matrix work were computed in, such as `float32`. */
  readonly precision: string;
  /** The engine that computed, such as `onnx`. */
  readonly engine: string;
  /** Threads of each tower, towers of each rank, ranks: with another division sums round differently. */
  readonly threads: number;
  readonly towers: number;
  readonly ranks: number;
  readonly hyperparameters: Hyperparameters;
  /** Parameters trained with factors of their own; none in checkpoints of versions before 0.2. */
  readonly groups: readonly ParameterGroup[];
  readonly versions: Versions;
}

export interface DatasetDescription {
  readonly name: string;
  readonly trainingExamples: number;
  readonly testExamples: number;
  /** Names of the classes; a label is an index into them. */
  readonly classes: readonly string[];
  /** Of its files, so that another data set under the same name is noticed. */
  readonly checksum: string;
}

export interface NetworkDescription {
  readonly name: string;
  /** Output channels or units by layer. */
  readonly layerWidths: Readonly<Record<string, number>>;
}

export interface Versions {
  readonly cifar10: string;
  readonly node: string;
  readonly engine: string;
}

const fields: { readonly [K in keyof CheckpointMetadata]: Reader<CheckpointMetadata[K]> } = {
  globalStep: json(wholeNumber(0)),
  seed: json(wholeNumber(0)),
  dataset: json(
    record<DatasetDescription>({
      name: text,
      trainingExamples: wholeNumber(1),
      testExamples: wholeNumber(0),
      classes: listOf(text),
      checksum: text,
    }),
  ),
  network: json(record<NetworkDescription>({ name: text, layerWidths: dictionaryOf(wholeNumber(1)) })),
  holdout: json(finiteNumber),
  validationPrecision: json(orNull(finiteNumber)),
  batchSize: json(wholeNumber(1)),
  precision: text,
  engine: text,
  threads: json(wholeNumber(1)),
  towers: json(wholeNumber(1)),
  ranks: json(wholeNumber(1)),
  hyperparameters: json(readHyperparameters),
  groups: withDefault(json(readParameterGroups), []),
  versions: json(record<Versions>({ cifar10: text, node: text, engine: text })),
};

const readFields = record<CheckpointMetadata>(fields);

/** A file with this mark is a checkpoint of ours, and its number says which fields it has. */
const mark = { key: 'cifar10Checkpoint', version: '1' } as const;

/** Does the metadata of a safetensors file say that it is a checkpoint of this program? */
export function isCheckpointMetadata(stored: Readonly<Record<string, string>>): boolean {
  return mark.key in stored;
}

/** The strings to store.
 * @throws RunError for a value that could not be read again, such as a learning rate of NaN. */
export function encodeMetadata(metadata: CheckpointMetadata): Record<string, string> {
  const strings = Object.entries(metadata).map(([key, value]): [string, string] => [
    key,
    typeof value === 'string' ? value : JSON.stringify(value),
  ]);
  const stored = Object.fromEntries([[mark.key, mark.version], ...strings]);
  decodeMetadata(stored, 'checkpoint to be written');
  return stored;
}

/** @throws RunError naming the file and the field. */
export function decodeMetadata(stored: Readonly<Record<string, string>>, file: string): CheckpointMetadata {
  const version = stored[mark.key];
  if (version === undefined) {
    throw new RunError(`${file}: a safetensors file, but not a checkpoint of this program`);
  }
  if (version !== mark.version) {
    throw new RunError(
      `${file}: checkpoint format ${oneLine(shortened(version))}, this version reads ${mark.version}; use the version that wrote it`,
    );
  }
  return readFields(stored, `${file}: metadata`);
}
