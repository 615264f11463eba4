/** The network that a checkpoint or an exported file names, and whether it fits the weights. */
import { RunError, UsageError } from '../errors.ts';
import type { Network } from '../model/network.ts';
import { knownNetworkNames, makeNetwork } from '../model/networks.ts';
import { averageName } from '../optimizer/moving-average.ts';
import type { NetworkDescription } from '../recipe/network-request.ts';
import { describeType, type Float32Tensor, type Shape, sameShape } from '../tensor/tensor.ts';
import { oneLine, shortened } from '../wording.ts';
import type { TrainingGraph } from './training-graph.ts';

/** Makes the network that a file names.
 * @param file what contains the name, such as `the checkpoint`, for messages
 * @param imageShape the shape [C, H, W] of the images that it takes, if it is not the usual one of the network
 * @throws RunError when neither this version of the package nor the program has that network, or its configuration differs */
export function storedNetwork(
  file: string,
  { name, configuration }: NetworkDescription,
  classes: number,
  imageShape: Shape | undefined,
): Network {
  const known = knownNetworkNames();
  if (!known.includes(name))
    throw new RunError(
      `${file} has the network "${oneLine(shortened(name))}", but this version has ${known.join(', ')}. If the network was defined with ` +
        'defineNetwork, import the module that defines it first; for a command, use NODE_OPTIONS="--import ./MODULE.mjs"',
    );
  try {
    return makeNetwork(name, classes, configuration, imageShape);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new RunError(
      `${file} has a configuration that the network ${name} of this program does not have: ${error.message}`,
      { cause: error },
    );
  }
}

/** Requires a checkpoint to have the parameters and states of a graph and no other variables, so that the run can be resumed.
 * Versions before 0.2 stored moving averages that no graph has.
 * @param path the path of the checkpoint
 * @throws RunError when one of them is missing or has another shape, or there are others */
export function requireStoredVariables(
  path: string,
  tensors: ReadonlyMap<string, Float32Tensor>,
  { graph, parameters, states }: Pick<TrainingGraph, 'graph' | 'parameters' | 'states'>,
): void {
  for (const { variable } of [...parameters, ...states]) {
    const found = tensors.get(variable.name);
    if (found === undefined)
      throw new RunError(`${oneLine(path)} has no ${variable.name}; ${otherDefinition}`);
    requireStoredShape(variable.name, found, variable);
  }
  const other = [...tensors.keys()].find(
    (name) => !graph.variables.has(name) && !name.endsWith(averageName('')),
  );
  if (other !== undefined)
    throw new RunError(
      `${oneLine(path)} has ${oneLine(other)}, which the network does not; ${otherDefinition}`,
    );
}

/** Requires a value of a checkpoint to have the shape of its variable.
 * @throws RunError with both shapes */
export function requireStoredShape(
  name: string,
  found: Float32Tensor,
  { shape }: { readonly shape: Shape },
): void {
  if (sameShape(found.shape, shape)) return;
  throw new RunError(
    `${name} of the checkpoint: found ${describeType(found)}, expected [${shape.join(', ')}]; ${otherDefinition}`,
  );
}

const otherDefinition = 'it was trained with another definition of the network';
