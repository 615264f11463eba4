/** What makes a training what it is: chosen when it starts, stored in every checkpoint, taken from there on resume. */
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { type DatasetDescription, datasets, examplesIn } from '../data/dataset.ts';
import { checksum, type Examples } from '../data/files.ts';
import type { Engine } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import { type Network, type NetworkWidths, tutorialNetwork } from '../model/network.ts';
import type { Hyperparameters } from './hyperparameters.ts';

export interface TrainingRun {
  readonly network: Network;
  readonly hyperparameters: Hyperparameters;
  /** Images of one step. */
  readonly batchSize: number;
  readonly seed: number;
  readonly examples: Examples;
  readonly engine: Engine;
}

/** Versions that have a part in the bits of a result. */
export interface Versions {
  readonly cifar10: string;
}

/** What a checkpoint says about the run it belongs to. */
export function metadataOf(run: TrainingRun, globalStep: number, { cifar10 }: Versions): CheckpointMetadata {
  const { network, hyperparameters, batchSize, seed, examples, engine } = run;
  const { dataset } = examples;
  return {
    globalStep,
    seed,
    dataset: {
      name: dataset.name,
      trainingExamples: examplesIn(dataset, 'train'),
      testExamples: examplesIn(dataset, 'test'),
      classes: dataset.classes,
      checksum: checksumOf(examples),
    },
    network: { name: network.name, layerWidths: { ...network.widths } },
    batchSize,
    precision: 'float32',
    engine: engine.name,
    threads: engine.threads,
    towers: 1,
    ranks: 1,
    hyperparameters,
    versions: { cifar10, node: process.versions.node, engine: engine.library },
  };
}

const checksums = new WeakMap<Examples, string>();

/** Hashing CIFAR-10 takes a third of a second, so each set is hashed once. */
function checksumOf(examples: Examples): string {
  const known = checksums.get(examples) ?? checksum(examples);
  checksums.set(examples, known);
  return known;
}

/** The network that a checkpoint was trained with.
 * @throws RunError when this version knows no such network. */
export function networkOf({ network: { name, layerWidths }, dataset }: CheckpointMetadata): Network {
  const known = tutorialNetwork(dataset.classes.length);
  const { conv1, conv2, local3, local4 }: Partial<Record<keyof NetworkWidths, number>> = layerWidths;
  if (name !== known.name || !conv1 || !conv2 || !local3 || !local4) {
    throw new RunError(`the checkpoint is of a network "${name}", this version knows "${known.name}"`);
  }
  return { ...known, widths: { conv1, conv2, local3, local4 } };
}

/** The data set that a checkpoint was trained on.
 * @throws RunError when this version knows no such data set. */
export function datasetOf({ dataset: { name } }: CheckpointMetadata): DatasetDescription {
  const found = Object.values(datasets).find((dataset) => dataset.name === name);
  if (found !== undefined) return found;
  throw new RunError(
    `the checkpoint was trained on "${name}"; this version knows ${Object.keys(datasets).join(', ')}`,
  );
}

/**
 * Refuses to go on from a checkpoint of another run: another data set, network, batch size or seed would make a
 * curve that is neither the one nor the other.
 * @throws RunError naming every difference.
 */
export function requireSameRun(path: string, stored: CheckpointMetadata, wanted: CheckpointMetadata): void {
  const differences = [
    ['data set', stored.dataset.name, wanted.dataset.name],
    ['checksum of the training examples', stored.dataset.checksum, wanted.dataset.checksum],
    ['classes', stored.dataset.classes.join(), wanted.dataset.classes.join()],
    ['network', JSON.stringify(stored.network), JSON.stringify(wanted.network)],
    ['batch size', stored.batchSize, wanted.batchSize],
    ['seed', stored.seed, wanted.seed],
  ].filter(([, before, now]) => before !== now);
  if (differences.length === 0) return;
  const list = differences.map(([what, before, now]) => `${what}: ${before} there, ${now} here`).join('; ');
  throw new RunError(
    `${path} belongs to another run (${list}). Give another --train-dir, or leave these flags out.`,
  );
}

/** What changes the bits of the result, though not its meaning: said when a run goes on with it. */
export function bitChanges(stored: CheckpointMetadata, now: CheckpointMetadata): readonly string[] {
  return [
    ['engine', stored.engine, now.engine],
    ['threads', stored.threads, now.threads],
    ['engine version', stored.versions.engine, now.versions.engine],
  ]
    .filter(([, before, after]) => before !== after)
    .map(([what, before, after]) => `${what}: ${before}, now ${after}`);
}
