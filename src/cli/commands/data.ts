/** The data that a command needs, brought where it is missing. */
import { command } from '../../command.ts';
import type { DatasetDescription } from '../../data/dataset.ts';
import { type DownloadOptions, download } from '../../data/download/download.ts';
import { FetchError } from '../../data/download/fetch-file.ts';
import type { DataEvent } from '../../data/events.ts';
import { folderOf } from '../../data/files.ts';
import { requireNotMisplaced } from '../../data/misplaced.ts';
import { ensureSynthetic } from '../../data/synthetic/generate.ts';
import { exists } from '../../disk/exists.ts';
import { shellWord } from '../../disk/shell-word.ts';
import { RunError } from '../../errors.ts';
import type { Console } from '../console.ts';
import { withBar } from '../progress-line.ts';

/** Draws the generated set, or downloads the data set as the tutorial does, where its folder is missing.
 * @throws RunError with what else can be done. */
export async function ensureDataset(
  dataset: DatasetDescription,
  dataDir: string,
  console: Console,
  signal: AbortSignal,
): Promise<void> {
  const onEvent = teller(console, console.line);
  try {
    if (dataset.archive === undefined) await ensureSynthetic(dataDir, { signal, onEvent });
    // A folder that lacks files is not ours to mend: reading it will name the first that is missing.
    else if (!(await exists(folderOf(dataDir, dataset)))) {
      await requireNotMisplaced(dataDir, dataset);
      await fetchDataset(dataset, dataDir, { signal, onEvent });
    }
  } finally {
    console.progress(undefined);
  }
}

/** @throws RunError with what else can be done. */
export async function fetchDataset(
  dataset: DatasetDescription,
  dataDir: string,
  options: DownloadOptions,
): Promise<void> {
  try {
    await download(dataset, dataDir, options);
  } catch (error) {
    if (!(error instanceof FetchError)) throw error;
    const fetching = command(`download --data-dir ${shellWord(dataDir)}`);
    throw new RunError(
      `${dataset.title} is not in ${dataDir} and cannot be downloaded: ${error.message}\n` +
        `  From a copy: ${fetching} --tarball FILE; from a mirror: --url ADDRESS.\n` +
        '  Without: --dataset synthetic trains on drawn pictures.',
      { cause: error },
    );
  }
}

/** Tells of the data that comes, of a download in the tutorial's lines: one that is drawn again on a terminal, else one
 * every tenth. `ready` prints the last line. */
export function teller(console: Console, ready: Console['line']): (event: DataEvent) => void {
  let tenths = -1;
  return (event) => {
    if (event.kind !== 'progress') console.progress(undefined);
    switch (event.kind) {
      case 'progress': {
        const { name, received, bytes } = event;
        const share = (received / bytes) * 100;
        const line = `>> Downloading ${name} ${share.toFixed(1)}%`;
        console.progress((columns) => withBar(line, share / 100, columns));
        if (Math.floor(share / 10) === tenths) return;
        tenths = Math.floor(share / 10);
        if (!console.drawsProgress) console.line(line, { ...event });
        return;
      }
      case 'waiting':
        console.line(event.text, { ...event });
        return;
      case 'drawing':
        console.line(`Drawing the generated set in ${event.folder}`, { ...event });
        console.progress(() => 'drawing pictures …');
        return;
      case 'downloaded':
        console.line(`Successfully downloaded ${event.name} ${event.bytes} bytes.`, { ...event });
        return;
      case 'extracting':
        console.line(`Extracting ${event.tarball}`, { ...event });
        console.progress(() => 'unpacking and verifying …');
        return;
      case 'ready':
        ready(`${event.folder} is ${event.already ? 'there already, and whole' : 'ready'}`, { ...event });
        return;
    }
  };
}
