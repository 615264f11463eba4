/**
 * The weights with which a new run starts, from a run, a checkpoint or a file that another program wrote. Every parameter and state
 * whose name and shape are the same is loaded; all others are initialized as without a source. A network for other classes thus
 * gets all layers but the last.
 */
import { stat } from 'node:fs/promises';
import { decodeCheckpoint } from '../checkpoint/checkpoint.ts';
import { readCheckpointIndex } from '../checkpoint/checkpoint-index.ts';
import { decodeSafetensors } from '../checkpoint/safetensors.ts';
import { CheckpointStore } from '../checkpoint/store.ts';
import { readRegularFile } from '../disk/regular-file.ts';
import type { Tensors } from '../engine/engine.ts';
import { messageOf, RunError } from '../errors.ts';
import { type FrozenLayers, isFrozen } from '../recipe/parameter-groups.ts';
import { describeType, type Float32Tensor, sameShape } from '../tensor/tensor.ts';
import { bundleIndexPath, readBundle } from '../tensorflow/tensor-bundle.ts';
import { fromTutorial } from '../tensorflow/tutorial-variables.ts';
import { initialVariables, type TrainingGraph } from '../training/training-graph.ts';
import { counted, oneLine, shortened } from '../wording.ts';
import { notACheckpoint } from './no-checkpoint.ts';

/** Which weights of a new run are loaded, and which are new. */
export interface Initialization {
  /** The path of the file that contains the weights. */
  readonly path: string;
  readonly loaded: readonly string[];
  readonly fresh: readonly {
    readonly name: string;
    /** Why the weight was not loaded, such as `found float32 [192, 10], expected float32 [192, 3]`. */
    readonly reason: string;
  }[];
}

export interface InitialWeights extends Initialization {
  /** The values of all parameters and states. */
  readonly tensors: Tensors;
}

/** Reads weights, and matches them with the training graph.
 * @param source a train folder, of which the newest checkpoint is read; a `.safetensors` file; or a checkpoint of TensorFlow, as its
 * folder, its prefix or its `.index` file
 * @param freeze the layers that are not trained, whose weights must all be loaded
 * @throws RunError for a source that cannot be read, that has no weight of the network, or that lacks one of a frozen layer */
export async function readInitialWeights(
  source: string,
  training: TrainingGraph,
  { seed, freeze = [] }: { readonly seed: number; readonly freeze?: FrozenLayers | undefined },
): Promise<InitialWeights> {
  const { path, tensors: given } = await readSource(source);
  const tensors = new Map(initialVariables(training, seed));
  const loaded: string[] = [];
  const fresh: Initialization['fresh'][number][] = [];
  for (const { variable } of [...training.parameters, ...training.states]) {
    const { name } = variable;
    const found = given.get(name);
    if (found !== undefined && found.dtype === 'float32' && sameShape(found.shape, variable.shape)) {
      tensors.set(name, found);
      loaded.push(name);
    } else fresh.push({ name, reason: found === undefined ? 'not there' : mismatch(found, variable) });
  }
  if (loaded.length === 0) throw noneMatches(path, fresh, given);
  const frozen = fresh.find(({ name }) => isFrozen(name, freeze));
  if (frozen !== undefined)
    throw new RunError(
      `\`freeze\` keeps ${frozen.name}, which cannot be loaded from ${oneLine(path)} (${frozen.reason}); train this layer, ` +
        'or use another `initFrom`',
    );
  return { path, tensors, loaded, fresh };
}

interface Source {
  /** The path of the file with the weights. */
  readonly path: string;
  readonly tensors: Tensors;
}

async function readSource(source: string): Promise<Source> {
  if ((await stat(source).catch(() => undefined))?.isDirectory() === true) return readFolder(source);
  const prefix = source.replace(/\.index$/, '');
  if ((await stat(bundleIndexPath(prefix)).catch(() => undefined)) !== undefined)
    return readTensorflow(prefix);
  return { path: source, tensors: await readSafetensors(source) };
}

/** Reads the newest checkpoint of a folder: one of ours, or else one of TensorFlow.
 * @throws RunError for a folder without checkpoints */
async function readFolder(dir: string): Promise<Source> {
  const index = await readCheckpointIndex(dir).catch(() => undefined);
  if (index !== undefined && (await stat(bundleIndexPath(index.latest)).catch(() => undefined)) !== undefined)
    return readTensorflow(index.latest);
  const found = await new CheckpointStore(dir, { keep: 0, onWarning: () => undefined }).latest();
  if (found !== undefined) return { path: found.path, tensors: found.checkpoint.tensors };
  throw new RunError(
    `\`initFrom\`: no checkpoint in ${oneLine(dir)}; expected a train folder, a .safetensors file or a checkpoint of TensorFlow`,
    { code: 'CIFAR10_NO_CHECKPOINT', data: { folder: dir } },
  );
}

async function readTensorflow(prefix: string): Promise<Source> {
  const { tensors } = fromTutorial((await readBundle(prefix)).tensors);
  return { path: bundleIndexPath(prefix), tensors };
}

/** Reads one of our checkpoints and verifies its checksum, or any other file in the safetensors format. */
async function readSafetensors(path: string): Promise<Tensors> {
  const file = oneLine(path);
  try {
    const bytes = await readRegularFile(path).catch((error: unknown) => {
      throw new RunError(`\`initFrom\`: cannot read ${file}: ${oneLine(messageOf(error))}`, { cause: error });
    });
    const { tensors, metadata } = decodeSafetensors(bytes, file);
    return metadata['globalStep'] === undefined ? tensors : decodeCheckpoint(bytes, file).tensors;
  } catch (error) {
    const takes = 'a train folder, a .safetensors file or a checkpoint of TensorFlow';
    throw error instanceof RunError ? await notACheckpoint(path, error, 'initFrom', takes) : error;
  }
}

function mismatch(found: Parameters<typeof describeType>[0], wanted: Pick<Float32Tensor, 'shape'>): string {
  return `found ${describeType(found)}, expected float32 [${wanted.shape.join(', ')}]`;
}

function noneMatches(path: string, fresh: Initialization['fresh'], given: Tensors): RunError {
  const names = (all: readonly string[]) => oneLine(shortened(all.join(', '), 200));
  const [first] = fresh.filter(({ name }) => given.has(name));
  const why =
    first === undefined
      ? `it has ${names([...given.keys()])}, and the network has ${names(fresh.map(({ name }) => name))}`
      : `${first.name}: ${first.reason}`;
  return new RunError(
    `\`initFrom\`: none of the ${counted(fresh.length, 'weight')} of the network can be loaded from ${oneLine(path)} (${why})`,
  );
}
