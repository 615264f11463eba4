/**
 * The weights with which a new run starts, from a run, a checkpoint or an exported file. Every parameter and state whose name and
 * shape are the same is loaded; all others are initialized as without a source. A network for other classes thus gets all layers
 * but the last. If a source has none of our names, its names and layouts are taken to be those of a PyTorch module.
 */
import type { ChannelStatistics } from '../data/dataset.ts';
import type { Tensors } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import { buildEvaluationGraph } from '../evaluation/evaluation-graph.ts';
import type { StatisticsChoice } from '../input/normalization.ts';
import type { SampleImages } from '../model/initializers.ts';
import type { Network } from '../model/network.ts';
import { torchWeights } from '../model/torch-names.ts';
import { type FrozenLayers, isFrozen } from '../recipe/parameter-groups.ts';
import { transposed } from '../tensor/permuted.ts';
import { describeType, type Float32Tensor, sameShape, type Tensor } from '../tensor/tensor.ts';
import { initialVariables, type TrainingGraph } from '../training/training-graph.ts';
import { counted, oneLine, shortened } from '../wording.ts';
import { statisticsOf } from './normalization-statistics.ts';
import { readWeightSource, type WeightSource } from './weight-source.ts';

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
  /** The values of the parameters and states that were loaded. */
  readonly tensors: Tensors;
  /** The statistics with which the images of the source were normalized, if they were requested. */
  readonly statistics?: ChannelStatistics;
}

/** What the weights are for. */
export interface WeightsRequest {
  /** The layers that are not trained, whose weights must all be loaded. */
  readonly freeze?: FrozenLayers | undefined;
  /** Whether the statistics of the source are needed. Default: `own`, for which they are not. */
  readonly statistics?: StatisticsChoice | undefined;
}

/** Reads weights, and matches them with the training graph.
 * @param source what `readWeightSource` takes
 * @throws RunError for a source that cannot be read, that has no weight of the network, or that lacks one of a frozen layer or
 * the requested statistics */
export async function readInitialWeights(
  source: string,
  training: TrainingGraph,
  { freeze = [], statistics = 'own' }: WeightsRequest = {},
): Promise<InitialWeights> {
  const read = await readWeightSource(source);
  const { path } = read;
  const { network } = training;
  const variables = [...training.parameters, ...training.states].map(({ variable }) => variable);
  const given = inOurNames(
    read,
    network,
    variables.map(({ name }) => name),
  );
  const tensors = new Map<string, Float32Tensor>();
  const fresh: Initialization['fresh'][number][] = [];
  for (const variable of variables) {
    const { name } = variable;
    const found = given.get(name);
    if (found !== undefined && found.dtype === 'float32' && sameShape(found.shape, variable.shape)) {
      tensors.set(name, found);
    } else fresh.push({ name, reason: found === undefined ? 'not there' : mismatch(found, variable) });
  }
  const loaded = [...tensors.keys()];
  if (loaded.length === 0) throw noneMatches(path, fresh, given);
  const frozen = fresh.find(({ name }) => isFrozen(name, freeze));
  if (frozen !== undefined)
    throw new RunError(
      `\`freeze\` keeps ${frozen.name}, which cannot be loaded from ${oneLine(path)} (${frozen.reason}); train this layer, ` +
        'or use another `initFrom`',
    );
  const [channels = 0] = network.imageShape;
  const ofSource = statistics === 'source' ? statisticsOf(read, channels) : undefined;
  return { path, tensors, loaded, fresh, ...(ofSource && { statistics: ofSource }) };
}

/** Returns the values of all parameters and states of a new run: those that were loaded, and initial values for the others. Returns
 * undefined without a source. */
export function completeWeights(
  weights: InitialWeights | undefined,
  training: TrainingGraph,
  seed: number,
  images?: SampleImages,
): Tensors | undefined {
  if (weights === undefined) return undefined;
  return new Map<string, Tensor>([
    ...initialVariables(training, seed, undefined, images),
    ...weights.tensors,
  ]);
}

/** Returns the tensors of a source under the names and in the layouts of this program.
 * @param names the variables of the network */
function inOurNames(
  { tensors }: WeightSource,
  network: Network,
  names: readonly string[],
): ReadonlyMap<string, Tensor> {
  if (names.some((name) => tensors.has(name))) return tensors;
  const converted = new Map<string, Tensor>();
  for (const [path, { name, isTransposed }] of torchWeights(buildEvaluationGraph(network, 1))) {
    const found = tensors.get(name);
    if (found !== undefined) converted.set(path, isTransposed ? transposedMatrix(found) : found);
  }
  return converted.size > 0 ? converted : tensors;
}

/** Transposes a matrix. Returns any other tensor unchanged, which then does not match. */
function transposedMatrix(tensor: Tensor): Tensor {
  return tensor.dtype === 'float32' && tensor.shape.length === 2 ? transposed(tensor) : tensor;
}

function mismatch(found: Parameters<typeof describeType>[0], wanted: Pick<Float32Tensor, 'shape'>): string {
  return `found ${describeType(found)}, expected float32 [${wanted.shape.join(', ')}]`;
}

function noneMatches(
  path: string,
  fresh: Initialization['fresh'],
  given: ReadonlyMap<string, Tensor>,
): RunError {
  const names = (all: readonly string[]) => oneLine(shortened(all.join(', '), 200));
  const [first] = fresh.filter(({ name }) => given.has(name));
  const why =
    first === undefined
      ? `it has ${given.size === 0 ? 'no float32 tensors' : names([...given.keys()])}, and the network has ${names(fresh.map(({ name }) => name))}`
      : `${first.name}: ${first.reason}`;
  return new RunError(
    `\`initFrom\`: none of the ${counted(fresh.length, 'weight')} of the network can be loaded from ${oneLine(path)} (${why}); ` +
      'add the `recipe` or the `network` with which they were trained',
  );
}
