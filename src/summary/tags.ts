/**
 * The tags of summaries. A record is one tag, or a pattern of tags with `{name}` as a placeholder. TensorBoard shows the
 * description of the record. The functions in recorded-value.ts make values from the name of a record, so every value has a
 * description. docs/summaries.md explains each tag, and summary-tags.test.ts compares that page with this table.
 */
import type { SummaryValue } from './event.ts';

interface TagRecord {
  readonly tag: string;
  readonly kind: 'scalar' | 'histogram' | 'image';
  readonly shownBy: readonly ('training' | 'evaluation')[];
  /** A sentence in Markdown. `{name}` is replaced here too. */
  readonly description: string;
}

export const summaryTags = {
  rawLoss: {
    tag: '{term} (raw)',
    kind: 'scalar',
    shownBy: ['training'],
    description: 'This term of the loss on the batch of the step.',
  },
  averagedLoss: {
    tag: '{term}',
    kind: 'scalar',
    shownBy: ['training'],
    description: 'Running average of this term of the loss (decay 0.9, bias-corrected).',
  },
  towerLoss: {
    tag: 'tower_{tower}/total_loss',
    kind: 'scalar',
    shownBy: ['training'],
    description: 'The loss of this tower on its part of the batch, if there are several towers.',
  },
  learningRate: {
    tag: 'learning_rate',
    kind: 'scalar',
    shownBy: ['training'],
    description: 'Factor of the gradients in the update.',
  },
  lossScale: {
    tag: 'loss_scale',
    kind: 'scalar',
    shownBy: ['training'],
    description: 'Factor of the loss in the backward pass, with precision float16.',
  },
  queue: {
    tag: 'queue/batches/fraction_of_{capacity}_full',
    kind: 'scalar',
    shownBy: ['training'],
    description:
      'Fill level of the queue of prepared batches when the step took its batch, as a fraction of its capacity.',
  },
  examplesPerSecond: {
    tag: 'examples_per_sec',
    kind: 'scalar',
    shownBy: ['training'],
    description: 'Training images per second since the previous summary, including all overhead.',
  },
  waiting: {
    tag: 'input/waiting',
    kind: 'scalar',
    shownBy: ['training'],
    description: 'Fraction of the time since the previous summary that training waited for batches.',
  },
  validationPrecision: {
    tag: 'validation/Precision @ 1',
    kind: 'scalar',
    shownBy: ['training'],
    description: 'Fraction of the images whose true class has the highest score.',
  },
  precision: {
    tag: 'Precision @ 1',
    kind: 'scalar',
    shownBy: ['evaluation'],
    description: 'Fraction of the images whose true class has the highest score.',
  },
  ttaPrecision: {
    tag: 'Precision @ 1 with test-time augmentation',
    kind: 'scalar',
    shownBy: ['evaluation'],
    description: 'The same after averaging the scores over the views of each image (`--tta`).',
  },
  classPrecision: {
    tag: 'precision/{class}',
    kind: 'scalar',
    shownBy: ['evaluation'],
    description: 'Fraction of the images predicted as this class that belong to it.',
  },
  classRecall: {
    tag: 'recall/{class}',
    kind: 'scalar',
    shownBy: ['evaluation'],
    description: 'Fraction of the images of this class that are predicted as this class.',
  },
  sparsity: {
    tag: '{activation}/sparsity',
    kind: 'scalar',
    shownBy: ['training', 'evaluation'],
    description: 'Fraction of the activations of the batch that are exactly 0.',
  },
  activations: {
    tag: '{activation}/activations',
    kind: 'histogram',
    shownBy: ['training', 'evaluation'],
    description: "The layer's outputs on the batch of the step.",
  },
  variable: {
    tag: '{variable}',
    kind: 'histogram',
    shownBy: ['training'],
    description: 'The values of the variable before the step.',
  },
  gradient: {
    tag: '{variable}/gradients',
    kind: 'histogram',
    shownBy: ['training'],
    description: 'Gradient of the total loss on the batch of the step, as applied (after clipping).',
  },
  image: {
    tag: 'images/image/{index}',
    kind: 'image',
    shownBy: ['training', 'evaluation'],
    description: 'An image of the batch as the network sees it: cropped, flipped, distorted, whitened.',
  },
  confusion: {
    tag: 'confusion_matrix',
    kind: 'image',
    shownBy: ['evaluation'],
    description: 'Rows, from the top: true classes; columns, from the left: predicted classes: {classes}.',
  },
  mistakes: {
    tag: 'most_confidently_wrong',
    kind: 'image',
    shownBy: ['evaluation'],
    description: 'The wrong predictions with the highest confidence.',
  },
  filters: {
    tag: 'conv1/weights/filters',
    kind: 'image',
    shownBy: ['evaluation'],
    description: 'The filters of the first layer as RGB images; gray is 0.',
  },
} as const;

export type TagName = keyof typeof summaryTags;
/** The general type of the table. A record that lacks a field is a compile error. */
export const tagRecords: Readonly<Record<TagName, TagRecord>> = summaryTags;

/** The names of the records of a kind. */
export type TagNameOf<Kind extends TagRecord['kind']> = {
  [N in TagName]: (typeof summaryTags)[N]['kind'] extends Kind ? N : never;
}[TagName];

type Holes<Text extends string> = Text extends `${string}{${infer Hole}}${infer Rest}`
  ? Hole | Holes<Rest>
  : never;
type HolesOf<N extends TagName> = Holes<
  (typeof summaryTags)[N]['tag'] | (typeof summaryTags)[N]['description']
>;
/** The values that the tag and the description of a record need, one for each `{name}`. */
export type Filling<N extends TagName> = [HolesOf<N>] extends [never]
  ? readonly []
  : readonly [{ readonly [Hole in HolesOf<N>]: string | number }];

/** A tag as it is recorded. */
export interface Tag {
  readonly tag: string;
  readonly description: string;
}

export function tagOf<N extends TagName>(name: N, ...[filling]: Filling<N>): Tag {
  const { tag, description } = tagRecords[name];
  return { tag: filled(tag, filling), description: filled(description, filling) };
}

function filled(text: string, values: Readonly<Record<string, string | number>> = {}): string {
  return text.replaceAll(/\{(\w+)\}/g, (_, hole: string) => String(values[hole]));
}

/** Removes the description of a tag after its first value, because readers keep the first description. */
export function describedOnce(): (value: SummaryValue) => SummaryValue {
  const known = new Set<string>();
  return (value) => {
    const { description, ...rest } = value;
    if (known.has(value.tag)) return rest;
    if (description !== undefined) known.add(value.tag);
    return value;
  };
}
