/** Makes the text of the recipe file that a run writes to its folder. */
import { stringify } from 'smol-toml';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { command } from '../command.ts';
import { shellWord } from '../disk/shell-word.ts';
import { counted, oneLine, snakeCase } from '../wording.ts';

export interface PrintedRun {
  /** The path of the file. */
  readonly path: string;
  /** The folder of the data sets, unless the run uses pictures. */
  readonly dataDir: string | undefined;
}

/** Returns the text of a recipe file with everything that determines the results of a run. */
export function printRecipe(metadata: CheckpointMetadata, run: PrintedRun): string {
  const { dataset, seed, holdout, engine, device, precision, towers } = metadata;
  const {
    recipe: name,
    network,
    augmentation,
    normalization,
    statistics,
    batchSize,
    hyperparameters,
    groups,
    freeze,
    length,
  } = metadata;
  return [
    ...headerOf(metadata, run).map((line) => (line === '' ? '#' : `# ${oneLine(line)}`)),
    '',
    '# The run.',
    toml({
      ...dataKeys(dataset),
      seed,
      holdout,
      ...length,
      engine,
      device,
      precision,
      towers,
    }),
    '# The recipe.',
    toml({
      ...{ name, batchSize, augmentation, normalization, statistics },
      ...(freeze.length > 0 && { freeze }),
      ...hyperparameters,
    }),
    stringify({ network }).trimEnd(),
    ...groups.map((group) => `\n${stringify({ groups: [inSnakeCase(group)] }).trimEnd()}`),
    '',
  ].join('\n');
}

/** Returns the keys that describe the data. */
function dataKeys({ name, labels, origin, image }: CheckpointMetadata['dataset']): object {
  if (origin === undefined) return { dataset: name, labels };
  const { source: data, testShare, splitSeed } = origin;
  return { data, imageSize: image?.[1], testShare, splitSeed };
}

function headerOf(
  { dataset, versions, device, threads, towers, history }: CheckpointMetadata,
  run: PrintedRun,
) {
  // Pictures are found by the key `data`.
  const dataDir =
    run.dataDir === undefined || dataset.origin !== undefined ? '' : ` --data-dir ${shellWord(run.dataDir)}`;
  const repeat = `train --recipe ${shellWord(run.path)}${dataDir} --train-dir FOLDER`;
  const changes = [
    '',
    'Because of these changes during the run, repeating it gives different weights:',
    ...history.map((line) => `  ${line}`),
  ];
  return [
    `The recipe of the run in this folder, written by cifar10 ${versions.cifar10}.`,
    'To repeat it in another folder:',
    `  ${command(repeat)}`,
    '',
    'It ends with bit-identical weights if it uses the same versions',
    `(${versions.engine}), ${device === 'cpu' ? 'CPU' : 'GPU, driver'}, ${counted(threads, 'thread')}${towers === 1 ? '' : ' per tower'}, and training examples (checksum`,
    `${dataset.checksum}).`,
    'The run itself resumes from its checkpoints; this file is read only if it is',
    'passed to --recipe.',
    ...(history.length === 0 ? [] : changes),
  ];
}

function toml(values: object): string {
  return stringify(inSnakeCase(values));
}

function inSnakeCase(values: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [snakeCase(name), value]));
}
