/** Makes the model card of an export: a text in Markdown that says what the model is, how it was made and how good it is
 * (M. Mitchell et al., "Model Cards for Model Reporting", FAT* 2019). */

import { basename } from 'node:path';
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import { command } from '../command.ts';
import { hyperparameterNames } from '../recipe/hyperparameters.ts';
import { version } from '../version.ts';
import { counted, oneLine, snakeCase } from '../wording.ts';
import { type Comparison, differenceText } from './compare.ts';
import type { ExportedModel, ExportFormatName } from './format.ts';
import type { KnownResult } from './known-results.ts';
import type { TrainedNetwork } from './trained-network.ts';

export interface CardContent {
  readonly trained: TrainedNetwork;
  readonly exported: Pick<ExportedModel, 'interface' | 'usage'>;
  readonly format: ExportFormatName;
  /** The path of the file or folder. */
  readonly output: string;
  readonly comparison: Comparison;
  /** What the pictures of the comparison are. */
  readonly pictures: string;
  readonly results: readonly KnownResult[];
}

/** The most class names that the card lists. */
const mostClasses = 100;

export function modelCard(content: CardContent): string {
  const { trained, exported, output } = content;
  const { metadata, dataset, classes } = trained;
  const { language, lines } = exported.usage(basename(output));
  const sections: readonly (readonly [heading: string, body: string])[] = [
    ['Use', [`\`\`\`${language}`, ...lines, '```'].join('\n')],
    ['Input and output', exported.interface],
    ['Classes', classesOf(classes)],
    ['Training', training(trained)],
    ['Results', results(content)],
    ['Limits', limits(trained)],
    [
      'License',
      'To fill in: the license of this model, and the terms of the pictures that it was trained on.',
    ],
  ];
  const parts = [
    `# ${escaped(metadata.network.name)}, trained on ${escaped(dataset.title)}`,
    `An image classifier with ${counted(classes.length, 'class', 'classes')}, exported from step ` +
      `${metadata.globalStep.toLocaleString('en-US')} of a training run by cifar10 ${version}.`,
    ...sections.map(([heading, body]) => `## ${heading}\n\n${body}`),
  ];
  return `${parts.join('\n\n')}\n`;
}

function classesOf(names: readonly string[]): string {
  const listed = names.slice(0, mostClasses).map((name, index) => `${index}. ${escaped(name)}`);
  const more = names.length - listed.length;
  // In Markdown, a list that begins with 0 counts from 0.
  return [...listed, ...(more > 0 ? [`\n… and ${more} more. The model contains all names.`] : [])].join('\n');
}

function training({ metadata, weights, dataset: { title } }: TrainedNetwork): string {
  const { dataset, network, seed, holdout, batchSize, engine, precision, device, versions, history } =
    metadata;
  const rows: readonly (readonly [string, unknown])[] = [
    [
      'data',
      `${title}: ${counted(dataset.trainingExamples, 'training picture')} (checksum ${dataset.checksum})`,
    ],
    ['held out', holdout],
    ['recipe', metadata.recipe],
    ['network', `${network.name} ${JSON.stringify(network.configuration)}`],
    ['steps', metadata.globalStep.toLocaleString('en-US')],
    ['batch_size', batchSize],
    ['augmentation', metadata.augmentation],
    ['normalization', metadata.normalization],
    ...hyperparameterNames.map((name) => [snakeCase(name), metadata.hyperparameters[name]] as const),
    ['seed', seed],
    ['engine', `${engine} in ${precision} on ${device} (${versions.engine})`],
    ['exported weights', weightNames[weights]],
  ];
  const table = [
    '| setting | value |',
    '|---|---|',
    ...rows.map(([name, value]) => `| ${name} | ${escaped(String(value))} |`),
  ];
  const changes =
    history.length === 0
      ? []
      : ['', 'Changes during the run:', '', ...history.map((line) => `- ${escaped(line)}`)];
  return [...table, ...changes].join('\n');
}

const weightNames = { ema: 'moving averages', raw: 'the weights of the last step' } as const;

function results({ comparison, pictures, results: known, trained: { metadata } }: CardContent): string {
  const { largestDifference, sameClass } = comparison;
  const measured = known.map(
    ({ evalData, dataset, correct, total }) =>
      `- Precision @ 1 on ${counted(total, 'image')} (${evalData}) of ${escaped(dataset)}: ${withSpread(correct / total, total)}.`,
  );
  return [
    ...measured,
    ...validationLine(metadata),
    ...(measured.length === 0 && metadata.validationPrecision === null
      ? [
          '- To fill in: no evaluation of this checkpoint was found. ' +
            `\`${command('eval')}\` measures the precision, and \`${command('export --eval-dir …')}\` takes its results into this card.`,
        ]
      : [
          '- The intervals (95%) cover the choice of the test images, but not the variation between seeds of the training.',
        ]),
    `- The export was compared with the network that it was made from on ` +
      `${comparison.pictures.toLocaleString('en-US')} ${escaped(pictures)}: the probabilities differ by at most ${differenceText(largestDifference)}, and the class is the ` +
      `same for ${sameClass.toLocaleString('en-US')} of them.`,
  ].join('\n');
}

function validationLine({ validationPrecision, holdout, dataset }: CheckpointMetadata): readonly string[] {
  if (validationPrecision === null) return [];
  // The user's own validation pictures are not held out. Their number is not stored.
  if (holdout === 0)
    return [`- Precision @ 1 on the validation pictures: ${validationPrecision.toFixed(4)}.`];
  const images = Math.round(holdout * dataset.trainingExamples);
  return [
    `- Precision @ 1 on ${counted(images, 'held-out image')}: ${withSpread(validationPrecision, images)}.`,
  ];
}

/** Returns a fraction with the half width of its 95% interval, by the normal approximation of the binomial distribution. */
function withSpread(share: number, count: number): string {
  return `${share.toFixed(4)} ± ${(1.96 * Math.sqrt((share * (1 - share)) / Math.max(1, count))).toFixed(4)}`;
}

function limits({ classes, picture: [channels, height, width] }: TrainedNetwork): string {
  return [
    `- The model knows only the ${counted(classes.length, 'class', 'classes')} above, and assigns one of them to every picture.`,
    `- It takes pictures of ${width}×${height} pixels with ${counted(channels, 'channel')}. Resize larger pictures so that the shorter side fits, and use the`,
    '  central part.',
    '- Pictures of other kinds than those of the training data are classified worse, and with unjustified confidence.',
    '- To fill in: uses for which this model is not suitable.',
  ].join('\n');
}

/** Returns text from outside as one line in which Markdown has no meaning. An underscore has one only at the edge of a word, and
 * spaces and markers of lists only at the beginning. */
function escaped(text: string): string {
  return oneLine(text)
    .replace(/[\\`*[\]<>#|~&]|(?<!\w)_|_(?!\w)|^[-+](?=[-+\s]|$)|(?<=^\d+)[.)](?=\s|$)/g, '\\$&')
    .replace(/^ +/, (spaces) => '&#32;'.repeat(spaces.length));
}
