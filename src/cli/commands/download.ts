/** `cifar10 download`: the data set, verified. */
import { datasets } from '../../data/dataset.ts';
import { download } from '../../data/download/download.ts';
import { folderOf } from '../../data/files.ts';
import { ensureSynthetic } from '../../data/synthetic/generate.ts';
import type { DownloadFlags } from '../flag-table.ts';
import type { CommandContext } from './context.ts';
import { teller } from './data.ts';

/** Returns whether it came to its end, rather than being stopped. */
export async function downloadCommand({
  flags,
  console,
  signal,
}: CommandContext<DownloadFlags>): Promise<boolean> {
  const { dataDir, url, tarball } = flags;
  const dataset = datasets[flags.dataset];
  if (dataset.archive === undefined) {
    const made = await ensureSynthetic(dataDir);
    console.result(`${folderOf(dataDir, dataset)} is ${made ? 'ready' : 'there already'}`);
    return true;
  }
  try {
    const onEvent = teller(console);
    await download(dataset, dataDir, { signal, onEvent, ...(url && { url }), ...(tarball && { tarball }) });
    return true;
  } catch (error) {
    if (!signal.aborted) throw error;
    console.progress(undefined);
    console.warn(`stopped; the same command goes on from what has arrived in ${dataDir}`);
    return false;
  }
}
