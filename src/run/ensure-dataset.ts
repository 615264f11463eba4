/** Downloads or generates data sets, either for a run whose data set is missing or on request. */
import { type DatasetDescription, type DatasetName, withLabels } from '../data/dataset.ts';
import { datasets } from '../data/datasets.ts';
import { type DownloadOptions, download } from '../data/download/download.ts';
import { FetchError } from '../data/download/fetch-file.ts';
import type { DataEvent, DataOptions } from '../data/events.ts';
import { folderOf, makeCommand } from '../data/files.ts';
import { requireNotMisplaced } from '../data/misplaced.ts';
import { ensureSynthetic } from '../data/synthetic/generate.ts';
import { exists } from '../disk/exists.ts';
import { RunError, UsageError } from '../errors.ts';
import type { DeviceEvent } from './fastest-device.ts';

/** The preparation events that training and evaluation have in common. */
export type PreparationEvent =
  /** A warning. The run continues. */
  | { readonly kind: 'warning'; readonly message: string }
  | { readonly kind: 'data'; readonly event: DataEvent }
  | { readonly kind: 'reading'; readonly dataset: DatasetDescription }
  /** With `device: auto`: the trial of the devices. */
  | DeviceEvent;

/** Generates or downloads the data set if its folder is missing.
 * @throws RunError with alternatives, when the data set cannot be downloaded or written */
export async function ensureDataset(
  dataset: DatasetDescription,
  dataDir: string,
  options: DownloadOptions,
): Promise<void> {
  if (dataset.isDrawn === true) {
    await ensureSynthetic(dataDir, options);
    return;
  }
  // A folder that lacks files belongs to the user. Reading it reports the first missing file.
  if (await exists(folderOf(dataDir, dataset))) return;
  await requireNotMisplaced(dataDir, dataset);
  // A data set without an archive cannot be downloaded. When it is read, the error says where to copy its files.
  if (dataset.archive === undefined) return;
  await fetchDataset(dataset, dataDir, options);
}

/** A requested data set and its source, which by default is the URL of its archive. */
export interface DatasetRequest {
  readonly dataset: DatasetName;
  /** The label of its records that is used as the class. All labels are downloaded and verified, whichever is chosen. */
  readonly labels?: string | undefined;
  /** The folder of the data sets. */
  readonly dataDir: string;
  /** The URL to download the archive from, instead of the usual one. */
  readonly url?: string | undefined;
  /** The path of a copy of the archive, to use instead of downloading it. */
  readonly tarball?: string | undefined;
}

/** Checks the source of a requested data set.
 * @throws UsageError for options that contradict each other, and for unsupported URLs */
export function requireOneSource({ dataset, labels, url, tarball }: DatasetRequest): void {
  withLabels(datasets[dataset], labels);
  if (url !== undefined && tarball !== undefined)
    throw new UsageError('`url` and `tarball` cannot be combined; leave one of them out');
  if (datasets[dataset].archive === undefined && (url ?? tarball) !== undefined)
    throw new UsageError(
      `\`${url === undefined ? 'tarball' : 'url'}\` cannot be combined with \`dataset: ${dataset}\`, which ${datasets[dataset].isDrawn === true ? 'is generated and not downloaded' : 'has no archive'}; leave one of them out`,
    );
  if (url !== undefined && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)))
    throw new UsageError(`\`url\`: expected a URL with http:// or https://, found ${JSON.stringify(url)}`);
}

/** Downloads or generates a data set and verifies it, or verifies the existing one. The last event is `ready`.
 * @throws UsageError as `requireOneSource` does
 * @throws RunError when the data set is damaged, or (with alternatives) when it cannot be downloaded or written
 * @throws StoppedError when the signal is aborted */
export async function provideDataset(
  request: DatasetRequest,
  { signal = new AbortController().signal, onEvent = () => undefined }: DataOptions = {},
): Promise<void> {
  requireOneSource(request);
  const { dataDir, url, tarball } = request;
  const dataset = datasets[request.dataset];
  if (dataset.isDrawn === true) {
    const already = !(await ensureSynthetic(dataDir, { signal, onEvent }));
    onEvent({ kind: 'ready', folder: folderOf(dataDir, dataset), already });
    return;
  }
  const source = { ...(url !== undefined && { url }), ...(tarball !== undefined && { tarball }) };
  await fetchDataset(dataset, dataDir, { signal, onEvent, ...source });
}

/** Generates or downloads a data set.
 * @throws RunError with alternatives, when the data set cannot be downloaded or written */
async function fetchDataset(
  dataset: DatasetDescription,
  dataDir: string,
  options: DownloadOptions,
): Promise<void> {
  try {
    await download(dataset, dataDir, options);
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    const fetching = makeCommand(dataDir, dataset);
    throw new RunError(
      `${dataset.title} is not in ${dataDir} and cannot be downloaded: ${error.message}\n` +
        `  To use a copy: ${fetching} --tarball FILE\n` +
        `  To use a mirror: ${fetching} --url URL\n` +
        '  To train without it, on generated images: `dataset: synthetic` `clipNorm: 5`',
      { cause: error },
    );
  }
}
