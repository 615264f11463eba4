/** The mean and the deviation that the normalization `dataset` uses in a run: those of the training images, or those of the source of
 * its initial weights. */
import type { CheckpointMetadata } from '../checkpoint/metadata.ts';
import type { ChannelStatistics } from '../data/dataset.ts';
import { RunError, UsageError } from '../errors.ts';
import type { Recipe } from '../recipe/recipe.ts';
import { counted, oneLine } from '../wording.ts';
import type { ProvidedData } from './run-data.ts';
import type { WeightSource } from './weight-source.ts';

/** Requires the statistics of a source to have a use and a source.
 * @param stored the metadata of the checkpoint from which the run resumes, which contains the statistics
 * @throws UsageError for another normalization, and for a new run without a source */
export function requireUsedStatistics(
  { statistics, normalization }: Pick<Recipe, 'statistics' | 'normalization'>,
  initFrom: string | undefined,
  stored: CheckpointMetadata | undefined,
): void {
  if (statistics === 'own') return;
  if (normalization !== 'dataset')
    throw new UsageError(
      `\`statistics: source\` applies to \`normalization: dataset\`, but the normalization is ${normalization}; ` +
        'add `normalization: dataset`, or use `statistics: own`',
    );
  if (initFrom === undefined && stored === undefined)
    throw new UsageError(
      '`statistics: source` needs a source; add `initFrom` with a run or an exported file, or use `statistics: own`',
    );
}

/** Returns the statistics of a source of weights.
 * @param channels the number of channels of the images
 * @throws RunError when the source has none, or for another number of channels */
export function statisticsOf({ path, statistics }: WeightSource, channels: number): ChannelStatistics {
  const found = statistics();
  if (found === undefined)
    throw new RunError(
      `\`statistics: source\`: ${oneLine(path)} has no mean and deviation, because it was not trained with \`normalization: dataset\` or ` +
        'does not say so; use `statistics: own`',
    );
  const { mean, deviation } = found;
  if (mean.length === channels && deviation.length === channels && deviation.every((value) => value > 0))
    return found;
  throw new RunError(
    `\`statistics: source\`: ${oneLine(path)} has the mean ${JSON.stringify(mean)} and the deviation ${JSON.stringify(deviation)}, ` +
      `expected positive deviations for ${counted(channels, 'channel')}; use \`statistics: own\``,
  );
}

/** Returns the data of a run with the statistics that its images are normalized with.
 * @param ofSource the statistics of the source, for a new run
 * @param stored the metadata of the checkpoint from which the run resumes */
export function withStatistics(
  provided: ProvidedData,
  { statistics = 'own' }: Partial<Pick<Recipe, 'statistics'>>,
  ofSource: ChannelStatistics | undefined,
  stored: CheckpointMetadata | undefined,
): ProvidedData {
  const found = ofSource ?? stored?.dataset.statistics;
  if (statistics === 'own' || found === undefined) return provided;
  return { ...provided, dataset: { ...provided.dataset, statistics: found } };
}
