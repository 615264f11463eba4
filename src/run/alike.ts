/**
 * What has to be the same in all processes of an MPI job: the run that they train, the data and the engine. Otherwise they would
 * train different networks, or wait for each other forever.
 */
import { createHash } from 'node:crypto';
import type { Job } from '../collective/mpi/start-mpi.ts';
import type { Tensors } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import { bytesOf } from '../tensor/tensor.ts';
import type { RunDefinition, TrainingRun } from '../training/run-definition.ts';
import { version } from '../version.ts';
import { sharedBytes, together } from './ranks.ts';

/** Values by what they are called in messages. They must be plain data. */
type Facts = Readonly<Record<string, unknown>>;

/** @throws RunError, as `together` does, that names a value that is not that of the first process */
export async function requireAlike(job: Job | undefined, facts: Facts): Promise<void> {
  if (job === undefined) return;
  const received = await sharedBytes(job, new TextEncoder().encode(JSON.stringify(facts)));
  const first = JSON.parse(new TextDecoder().decode(received.slice())) as Facts;
  await together(job, async () => {
    for (const name of new Set([...Object.keys(first), ...Object.keys(facts)])) {
      const [own, wanted] = [facts[name], first[name]].map((value) => JSON.stringify(value) ?? 'none');
      if (own === wanted) continue;
      throw new RunError(
        `the processes of the job differ in ${name}: ${own} in process ${job.rank}, ${wanted} in process 0; start all of them with ` +
          'the same command, with the same data and the same versions on every host',
      );
    }
  });
}

export interface StartOfRun {
  /** The number of steps between validations, in which all processes take part. */
  readonly evalEvery?: number | undefined;
  /** The initial weights, if they are those of another run. Every process reads them itself. */
  readonly initFrom?: Tensors | undefined;
}

/** What determines a run before its data is read, and when its processes evaluate. */
export function factsOfDefinition(
  definition: RunDefinition,
  { evalEvery, initFrom }: StartOfRun = {},
): Facts {
  const { network, hyperparameters, batchSize, seed, holdout, groups, freeze } = definition;
  const { augmentation, normalization, length } = definition;
  const { name, configuration } = network;
  const options = { seed, batchSize, holdout, network: { name, configuration }, ...hyperparameters };
  const named = Object.entries({ ...options, augmentation, normalization, freeze, evalEvery });
  return {
    'the version of cifar10': version,
    ...Object.fromEntries(named.map(([name, value]) => [`\`${name}\``, value])),
    'the length of the run': length,
    'the groups of parameters': groups,
    'the checksum of the initial weights': initFrom && checksumOf(initFrom),
  };
}

/** What else determines the results of a run. */
export function factsOfEquipment({ examples, checksum, engine }: TrainingRun): Facts {
  return {
    'the data set': [examples.dataset.name, examples.dataset.labels],
    'the checksum of the data': checksum,
    '`engine`': engine.name,
    '`precision`': engine.precision,
    "the engine's library": engine.library,
  };
}

function checksumOf(tensors: Tensors): string {
  const hash = createHash('sha256');
  for (const [name, tensor] of tensors) hash.update(name).update(bytesOf(tensor));
  return hash.digest('hex');
}
