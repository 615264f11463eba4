/**
 * What has to be the same in all processes of an MPI job: the run that they train or what they score, the data and the engine.
 * Otherwise they would train different networks, score different images, or wait for each other forever.
 */
import type { Job } from '../collective/mpi/start-mpi.ts';
import type { Examples } from '../data/examples.ts';
import { checksum } from '../data/files.ts';
import { deviceParts } from '../engine/device.ts';
import type { DeviceChoice } from '../engine/device-names.ts';
import type { Engine } from '../engine/engine.ts';
import { RunError } from '../errors.ts';
import type { RunDefinition, TrainingRun } from '../training/run-definition.ts';
import { version } from '../version.ts';
import { shortened } from '../wording.ts';
import type { EvaluationSettings } from './evaluation-request.ts';
import { sharedBytes, together } from './ranks.ts';

/** Values by what they are called in messages. They must be plain data. */
type Facts = Readonly<Record<string, unknown>>;

/** The maximum length of a value in a message. */
const most = 160;

/** Requires all processes to have the same version of the program and the same values.
 * @param factsOf returns the values of this process; called only if there is a job
 * @throws RunError, as `together` does, that names a value that is not that of the first process */
export async function requireAlike(job: Job | undefined, factsOf: () => Facts): Promise<void> {
  if (job === undefined) return;
  const facts = await together(
    job,
    async (): Promise<Facts> => ({ 'the version of cifar10': version, ...factsOf() }),
  );
  const received = await sharedBytes(job, new TextEncoder().encode(JSON.stringify(facts)));
  const first = JSON.parse(new TextDecoder().decode(received.slice())) as Facts;
  await together(job, async () => {
    for (const name of new Set([...Object.keys(first), ...Object.keys(facts)])) {
      const [own, wanted] = [inJson(facts[name]), inJson(first[name])];
      if (own === wanted) continue;
      const values = `${shortened(own, most)} in process ${job.rank}, ${shortened(wanted, most)} in process 0`;
      throw new RunError(
        `the processes of the job differ in ${name}: ${values}; start all of them with the same command, with the same data and the ` +
          'same versions on every host',
      );
    }
  });
}

function inJson(value: unknown): string {
  return JSON.stringify(value) ?? 'none';
}

/** What determines a run before its data is read.
 * @param evalEvery the number of steps between validations, in which all processes take part */
export function factsOfDefinition(definition: RunDefinition, evalEvery?: number): Facts {
  const { network, hyperparameters, batchSize, seed, holdout, groups, freeze } = definition;
  const { augmentation, normalization, statistics, length } = definition;
  const { name, configuration } = network;
  const options = { seed, batchSize, holdout, network: { name, configuration }, ...hyperparameters };
  return {
    ...named({ ...options, augmentation, normalization, statistics, freeze, evalEvery }),
    'the length of the run': length,
    'the groups of parameters': groups,
  };
}

/** What else determines the results of a run. */
export function factsOfEquipment({ examples, validation, engine }: TrainingRun): Facts {
  const { count, records } = validation ?? {};
  return {
    ...factsOfExamples(examples),
    'the number of validation images': count,
    'the checksum of the validation images': records && checksum({ records }),
    ...factsOfEngine(engine),
  };
}

/** What determines how often processes exchange logits when they score a checkpoint, except data and engine. */
export function factsOfScoring({
  numExamples,
  batchSize,
  evalData,
  weights,
  tta,
}: EvaluationSettings): Facts {
  return named({ evalData, numExamples, weights, tta, batchSize });
}

export function factsOfExamples(examples: Examples): Facts {
  const { name, labels, classes } = examples.dataset;
  return {
    'the data set': [name, labels],
    'the classes': classes,
    'the number of images': examples.count,
    'the checksum of the data': checksum(examples),
  };
}

/** The processes may use different devices of one kind, such as several GPUs. */
export function factsOfEngine({ name, precision, device, library }: Engine): Facts {
  return { ...named({ engine: name, precision }), ...factsOfDevice(device), "the engine's library": library };
}

/** What has to be the same before the processes choose their devices together. */
export function factsOfDevice(device: DeviceChoice): Facts {
  return named({ device: device === 'auto' ? device : deviceParts(device).kind });
}

/** Returns options by their names in messages. */
function named(options: Facts): Facts {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [`\`${name}\``, value]));
}
