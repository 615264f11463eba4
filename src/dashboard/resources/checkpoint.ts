/** `RUN/checkpoint.safetensors`, and `RUN/network.json`: the newest checkpoint, and what the page needs to compute with it. */
import type { FileHandle } from 'node:fs/promises';
import { openRegularFile } from '../../disk/regular-file.ts';
import { jsonType, type Place, type Resource } from '../resource.ts';
import type { NetworkDescription } from '../wire.ts';

/** Larger checkpoints are not for a page. */
const maximumBytes = 512 << 20;

/** Whether the newest checkpoint can be shown. */
const list = async ({ known: { facts } }: Place): Promise<readonly string[]> =>
  facts.checkpoint !== undefined && facts.metadata !== undefined ? [''] : [];

export const checkpointResource: Resource = {
  pattern: 'RUN/checkpoint.safetensors',
  type: 'application/octet-stream',
  list,
  open: opened,
  make: async (place) => {
    const file = await opened(place);
    return file?.readFile().finally(() => file.close());
  },
};

async function opened({ known: { facts } }: Place): Promise<FileHandle | undefined> {
  if (facts.checkpoint === undefined || facts.metadata === undefined) return undefined;
  return openRegularFile(facts.checkpoint.path, { links: 'refuse', maximumBytes }).catch(() => undefined);
}

export const networkResource: Resource = {
  pattern: 'RUN/network.json',
  type: jsonType,
  list,
  make: async ({ known: { facts } }) => {
    const { metadata } = facts;
    if (metadata === undefined) return undefined;
    const { network, augmentation, normalization, statistics, batchSize, hyperparameters } = metadata;
    const { recipe: name, groups, freeze, length, dataset, globalStep } = metadata;
    const description: NetworkDescription = {
      step: globalStep,
      classes: dataset.classes,
      recipe: {
        ...{ name, network, augmentation, normalization, statistics, batchSize, hyperparameters },
        ...{ groups, freeze, length },
      },
      imageSize: dataset.image?.[1] ?? 32,
    };
    return JSON.stringify(description);
  },
};
