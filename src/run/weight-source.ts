/** Reads the weights of a run, of a checkpoint, or of a file that this program or another one exported. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeCheckpoint } from '../checkpoint/checkpoint.ts';
import { readCheckpointIndex } from '../checkpoint/checkpoint-index.ts';
import { type CheckpointMetadata, isCheckpointMetadata } from '../checkpoint/metadata.ts';
import { decodeSafetensors } from '../checkpoint/safetensors.ts';
import type { FoundCheckpoint } from '../checkpoint/store.ts';
import type { ChannelStatistics } from '../data/dataset.ts';
import { readRegularFile } from '../disk/regular-file.ts';
import { onnxWeights } from '../engine/onnx/inspect/weights.ts';
import { messageOf, RunError } from '../errors.ts';
import { dictionaryOf, finiteNumber, json, listOf, record } from '../readers.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { bundleIndexPath, readBundle } from '../tensorflow/tensor-bundle.ts';
import { fromTutorial } from '../tensorflow/tutorial-variables.ts';
import { datasetOf } from '../training/stored-run.ts';
import { oneLine } from '../wording.ts';
import { isOnnxFile } from './file-kind.ts';
import { notACheckpoint } from './no-checkpoint.ts';
import { newestCheckpoint } from './open-checkpoint.ts';

export interface WeightSource {
  /** The path of the file with the weights. */
  readonly path: string;
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Returns the statistics with which the images of the network were normalized, or undefined if that is unknown or they were
   * normalized in another way. */
  readonly statistics: () => ChannelStatistics | undefined;
  /** The names of the recipe and the network of the run, if the file is one of our checkpoints or exports. */
  readonly run?: Pick<CheckpointMetadata, 'recipe' | 'network'>;
}

/** What `initFrom` takes. */
const takes = 'a train folder, a .safetensors or .onnx file, or a checkpoint of TensorFlow';

/** @param source a train folder, of which the newest checkpoint is read; a `.safetensors` or `.onnx` file; or a checkpoint of
 * TensorFlow, as its folder, its prefix or its `.index` file
 * @throws RunError for a source that cannot be read, and for an ONNX file into whose convolutions batch normalization was folded */
export async function readWeightSource(source: string): Promise<WeightSource> {
  if ((await stat(source).catch(() => undefined))?.isDirectory() === true) return readFolder(source);
  const prefix = source.replace(/\.index$/, '');
  if ((await stat(bundleIndexPath(prefix)).catch(() => undefined)) !== undefined)
    return readTensorflow(prefix);
  return (await isOnnxFile(source)) ? readOnnx(source) : readSafetensors(source);
}

/** Reads the newest checkpoint of a folder: one of ours, or else one of TensorFlow.
 * @throws RunError for a folder without checkpoints */
async function readFolder(dir: string): Promise<WeightSource> {
  const index = await readCheckpointIndex(dir).catch(() => undefined);
  if (index !== undefined && (await stat(bundleIndexPath(index.latest)).catch(() => undefined)) !== undefined)
    return readTensorflow(index.latest);
  const found = await newestCheckpoint(dir, () => undefined);
  if (found !== undefined) return ofCheckpoint(found);
  const exported = await exportedIn(dir);
  const advice =
    exported === undefined ? `expected ${takes}` : `to use the file in it, add \`initFrom: ${exported}\``;
  throw new RunError(`\`initFrom\`: no checkpoint in ${oneLine(dir)}; ${advice}`, {
    code: 'CIFAR10_NO_CHECKPOINT',
    data: { folder: dir },
  });
}

/** Returns the path of an exported file in a folder, or undefined if there is none. An export for transformers.js has the subfolder
 * `onnx`. */
async function exportedIn(dir: string): Promise<string | undefined> {
  for (const folder of [dir, join(dir, 'onnx')]) {
    const names = await readdir(folder).catch(() => []);
    const name = names.sort().find((one) => /\.(onnx|safetensors)$/.test(one));
    if (name !== undefined) return join(folder, name);
  }
  return undefined;
}

async function readTensorflow(prefix: string): Promise<WeightSource> {
  const { tensors } = fromTutorial((await readBundle(prefix)).tensors);
  return { path: bundleIndexPath(prefix), tensors, statistics: () => undefined };
}

/** Reads one of our checkpoints and verifies its checksum, or any other file in the safetensors format. */
async function readSafetensors(path: string): Promise<WeightSource> {
  const file = oneLine(path);
  try {
    const bytes = await bytesOf(path);
    const { tensors, metadata } = decodeSafetensors(bytes, file);
    if (isCheckpointMetadata(metadata))
      return ofCheckpoint({ path, checkpoint: decodeCheckpoint(bytes, file) });
    return { path, tensors, ...exportedRun(file, new Map(Object.entries(metadata))) };
  } catch (error) {
    throw error instanceof RunError ? await notACheckpoint(path, error, 'initFrom', takes) : error;
  }
}

async function readOnnx(path: string): Promise<WeightSource> {
  const file = oneLine(path);
  const { tensors, metadata } = onnxWeights(file, await bytesOf(path));
  const folded = [...tensors.keys()].find((name) => name.includes(normalization));
  if (folded !== undefined)
    throw new RunError(
      `\`initFrom\`: ${file} contains convolutions into which batch normalization was folded (${scopeOf(folded)}), so their weights ` +
        'cannot be loaded; use the run, a checkpoint, or an export with `format: safetensors`',
    );
  return { path, tensors, ...exportedRun(file, metadata) };
}

/** The name of the operator that is folded. What is computed in advance has the name of the operator, as in
 * conv1/batch_norm/BatchNormWithGlobalNormalization/weights (`passes/fold-batch-normalization.ts`). */
const normalization = 'BatchNormWithGlobalNormalization';

function scopeOf(name: string): string {
  return oneLine(name.split(normalization)[0]?.replace(/\/$/, '') ?? '');
}

function ofCheckpoint({ path, checkpoint: { tensors, metadata } }: FoundCheckpoint): WeightSource {
  const statistics = () =>
    metadata.normalization === 'dataset' ? datasetOf(metadata).statistics : undefined;
  return { path, tensors, statistics, run: metadata };
}

const readConfiguration = json(dictionaryOf(finiteNumber));

/** Returns what the metadata of an exported file contain about its run. Files of other programs have none of it.
 * @throws RunError for a configuration that is not made of numbers */
function exportedRun(
  file: string,
  metadata: ReadonlyMap<string, string>,
): Pick<WeightSource, 'statistics' | 'run'> {
  const statistics = () => exportedStatistics(file, metadata);
  const [name, recipe] = [metadata.get('network'), metadata.get('recipe')];
  const configuration = metadata.get('configuration');
  if (name === undefined || recipe === undefined || configuration === undefined) return { statistics };
  const network = {
    name,
    configuration: readConfiguration(configuration, `${file}: metadata configuration`),
  };
  return { statistics, run: { recipe, network } };
}

const readStatistics = json(
  record<ChannelStatistics>({ mean: listOf(finiteNumber), deviation: listOf(finiteNumber) }),
);

/** Returns the statistics in the metadata of an exported file. */
function exportedStatistics(
  file: string,
  metadata: ReadonlyMap<string, string>,
): ChannelStatistics | undefined {
  const stored = metadata.get('statistics');
  if (metadata.get('normalization') !== 'dataset' || stored === undefined) return undefined;
  return readStatistics(stored, `${file}: metadata statistics`);
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    return await readRegularFile(path);
  } catch (error) {
    throw new RunError(`\`initFrom\`: cannot read ${oneLine(path)}: ${oneLine(messageOf(error))}`, {
      cause: error,
    });
  }
}
