/**
 * Names and layouts of weights for PyTorch modules. They follow from what reads a weight, so that they hold for every network:
 *
 * | read by                              | ours                     | PyTorch                   | layout             |
 * |--------------------------------------|--------------------------|---------------------------|--------------------|
 * | Conv2D                               | conv1/weights            | conv1.weight              | the same           |
 * | LocallyConnected2D                   | local3/weights           | local3.weight             | the same           |
 * | MatMul                               | local3/weights           | local3.weight             | transposed         |
 * | batch normalization, scale           | batch_norm/gamma         | batch_norm.weight         | the same           |
 * | batch normalization, offset          | batch_norm/beta          | batch_norm.bias           | the same           |
 * | batch normalization, mean            | batch_norm/moving_mean   | batch_norm.running_mean   | the same           |
 * | batch normalization, variance        | batch_norm/moving_variance | batch_norm.running_var  | the same           |
 * | anything else                        | conv1/biases             | conv1.bias                | the same           |
 *
 * If a batch normalization is in the scope of another layer, as in conv1/gamma, it is the module conv1_norm.
 * Both sides flatten images in the order [C, H, W].
 */
import { RunError } from '../errors.ts';
import { type Graph, inputsOf, type Node, type Variable } from '../graph/graph.ts';

/** How a weight is stored for PyTorch. */
export interface TorchWeight {
  readonly name: string;
  readonly isTransposed: boolean;
}

/** Returns the name and layout of every variable of an evaluation graph, by the name of the variable.
 * @throws RunError when two variables would have the same name */
export function torchWeights(graph: Graph): ReadonlyMap<string, TorchWeight> {
  const read = new Map([...graph.variables.values()].map((one) => [one.name, readerOf(graph, one)]));
  const layers = new Set([...read].flatMap(([path, one]) => (isNormalization(one) ? [] : [scopeOf(path)])));
  const found = new Map<string, TorchWeight>();
  for (const [path, one] of read) {
    const scope = scopeOf(path);
    const module = isNormalization(one) && layers.has(scope) ? normalizationBeside(scope) : scope;
    found.set(path, weightOf(path, module, one));
  }
  const names = [...found.values()].map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined)
    throw new RunError(
      `two weights of the network ${graph.name} would be ${twice} in PyTorch; give every layer a scope of its own`,
    );
  return found;
}

/** The node that reads a variable, and the name of the input. */
interface Reader {
  readonly node: Node;
  readonly input: string;
}

function readerOf({ nodes }: Graph, variable: Variable): Reader | undefined {
  for (const node of nodes) {
    const read = inputsOf(node).find(([, value]) => value === variable);
    if (read !== undefined) return { node, input: read[0] };
  }
  return undefined;
}

function isNormalization(reader: Reader | undefined): boolean {
  return reader?.node.op === 'BatchNormWithGlobalNormalization';
}

/** Returns the part of a path up to the last slash. */
function scopeOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/') + 1);
}

/** Returns the scope of a batch normalization that is in the scope of another layer: `conv1_norm/` for `conv1/`. */
function normalizationBeside(scope: string): string {
  return scope === '' ? 'norm/' : `${scope.slice(0, -1)}_norm/`;
}

function weightOf(path: string, scope: string, reader: Reader | undefined): TorchWeight {
  if (reader === undefined) return { name: dotted(path), isTransposed: false };
  const { node, input } = reader;
  // The second weights of a scope have a number, as in `weights_1`.
  const number = /_\d+$/.exec(path)?.[0] ?? '';
  const named = (name: string, isTransposed = false) => ({
    name: dotted(scope + name + number),
    isTransposed,
  });
  switch (node.op) {
    case 'Conv2D':
    case 'LocallyConnected2D':
      return named('weight');
    case 'MatMul':
      return named('weight', !node.attributes.transposeB);
    case 'BatchNormWithGlobalNormalization':
      return named(normalization[input] ?? input);
    case 'BiasAdd':
      return named('bias');
    default:
      return path.endsWith('biases') ? named('bias') : { name: dotted(path), isTransposed: false };
  }
}

const normalization: Readonly<Record<string, string>> = {
  scale: 'weight',
  offset: 'bias',
  mean: 'running_mean',
  variance: 'running_var',
};

function dotted(path: string): string {
  return path.replaceAll('/', '.');
}
