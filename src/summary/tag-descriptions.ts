/** What each tag shows, in a sentence for TensorBoard's pages; docs/summaries.md says more. */

const descriptions: readonly (readonly [RegExp, string])[] = [
  [/^(.*) \(raw\)$/, 'This term of the loss on the batch of the step.'],
  [
    /^(.*\/weight_loss|cross_entropy|total_loss)$/,
    'Running average of this term of the loss (decay 0.9, bias taken away).',
  ],
  [/^learning_rate$/, 'What gradients are multiplied by.'],
  [/\/sparsity$/, 'Share of the activations of the batch that are exactly 0.'],
  [/\/activations$/, "The layer's outputs on the batch of the step."],
  [/\/gradients$/, 'Gradient of the total loss on the batch of the step, as it is applied.'],
  [
    /^(conv1|conv2|local3|local4|softmax_linear)\/(weights|biases)$/,
    'The values of the variable before the step.',
  ],
  [
    /^images\/image\/\d+$/,
    'An image of the batch as the network sees it: cropped, flipped, distorted, whitened.',
  ],
  [
    /^queue\/batches\//,
    'Prepared batches in the queue when the step took its own, as a share of its capacity.',
  ],
  [/^examples_per_sec$/, 'Images trained on a second since the summary before, everything included.'],
  [/^input\/waiting$/, 'Share of the time since the summary before in which training waited for a batch.'],
  [/^Precision @ 1$|Precision @ 1$/, 'Share of the images whose class scores highest.'],
  [/^precision\//, 'Of the images that are taken for this class, the share that are of it.'],
  [/^recall\//, 'Of the images of this class, the share that are taken for it.'],
  [/^most_confidently_wrong$/, 'The images that the network is surest about, and wrong.'],
  [/^conv1\/weights\/filters$/, 'The filters of the first layer as colours; grey is 0.'],
];

export function describeTag(tag: string): string | undefined {
  return descriptions.find(([pattern]) => pattern.test(tag))?.[1];
}

/** Gives the first value of each tag its description, that of the tag where it has none: readers keep that one. */
export function described(): <T extends { readonly tag: string; readonly description?: string }>(
  value: T,
) => T {
  const known = new Set<string>();
  return (value) => {
    const description = value.description ?? describeTag(value.tag);
    if (known.has(value.tag) || description === undefined) return value;
    known.add(value.tag);
    return { ...value, description };
  };
}
