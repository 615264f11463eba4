/** `cifar10 download`: the data set, verified. */
import { datasets } from '../../data/dataset.ts';
import { folderOf } from '../../data/files.ts';
import { ensureSynthetic } from '../../data/synthetic/generate.ts';
import { UsageError } from '../../errors.ts';
import { fetchDataset } from '../../run/ensure-dataset.ts';
import { dataReporter } from '../data-reporter.ts';
import type { DownloadFlags } from '../flag-table.ts';
import type { CommandContext } from './context.ts';
import { requireTrustedFolders } from './folders.ts';

export async function downloadCommand({
  flags,
  given,
  console,
  signal,
}: CommandContext<DownloadFlags>): Promise<void> {
  requireOneSource(flags);
  await requireTrustedFolders(flags, given, ['dataDir'], console.warn);
  const { dataDir, url, tarball } = flags;
  const dataset = datasets[flags.dataset];
  const onEvent = dataReporter(console, console.result);
  if (dataset.archive === undefined) {
    const already = !(await ensureSynthetic(dataDir, { signal, onEvent }));
    onEvent({ kind: 'ready', folder: folderOf(dataDir, dataset), already });
    return;
  }
  const source = { ...(url !== undefined && { url }), ...(tarball !== undefined && { tarball }) };
  await fetchDataset(dataset, dataDir, { signal, onEvent, ...source });
}

/** @throws UsageError for flags that contradict each other, and addresses that nothing can be fetched from. */
function requireOneSource({ dataset, url, tarball }: DownloadFlags): void {
  if (url !== undefined && tarball !== undefined)
    throw new UsageError('--url and --tarball: the archive comes from one of them; leave one out');
  if (datasets[dataset].archive === undefined && (url ?? tarball) !== undefined)
    throw new UsageError(
      `--${url === undefined ? 'tarball' : 'url'}: --dataset ${dataset} is drawn here and comes from nowhere; leave one of them out`,
    );
  if (url !== undefined && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)))
    throw new UsageError(`--url: expected an address with http:// or https://, found ${JSON.stringify(url)}`);
}
