/** The data that a command needs, brought where it is missing. */
import type { DatasetDescription } from '../../data/dataset.ts';
import { type DownloadEvent, type DownloadOptions, download } from '../../data/download/download.ts';
import { missingFiles } from '../../data/files.ts';
import { ensureSynthetic } from '../../data/synthetic/generate.ts';
import { messageOf, RunError } from '../../errors.ts';
import type { Console } from '../console.ts';
import { withBar } from '../progress-line.ts';

/** Draws the generated set, or downloads the data set as the tutorial does, where files of it are missing.
 * @throws RunError with what else can be done. */
export async function ensureDataset(
  dataset: DatasetDescription,
  dataDir: string,
  console: Console,
  signal: AbortSignal,
): Promise<void> {
  if (dataset.archive === undefined) {
    await ensureSynthetic(dataDir);
    return;
  }
  const missing = await missingFiles(dataDir, dataset);
  // A folder that lacks files is not ours to mend: reading it will name the first that is missing.
  if (missing.length < dataset.files.length) return;
  try {
    await download(dataset, dataDir, { signal, onEvent: teller(console) });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new RunError(
      `Failed to find file: ${missing[0]}, and ${dataset.title} cannot be downloaded: ${messageOf(error)}\n` +
        '  With a copy at hand: cifar10 download --tarball FILE, or --url of a mirror, or unpack it there yourself.\n' +
        '  Without: --dataset synthetic trains on drawn pictures.',
    );
  } finally {
    console.progress(undefined);
  }
}

/** Tells of a download in the tutorial's lines: one that is drawn again on a terminal, else one every tenth. */
export function teller(console: Console): DownloadOptions['onEvent'] {
  let tenths = -1;
  return (event: DownloadEvent) => {
    if (event.kind === 'progress') {
      const { name, received, bytes } = event;
      const share = (received / bytes) * 100;
      const line = `>> Downloading ${name} ${share.toFixed(1)}%`;
      console.progress((columns) => withBar(line, share / 100, columns));
      if (Math.floor(share / 10) === tenths) return;
      tenths = Math.floor(share / 10);
      if (!console.drawsProgress) console.line(line, { ...event });
      return;
    }
    console.progress(undefined);
    if (event.kind === 'downloaded') {
      console.line(`Successfully downloaded ${event.name} ${event.bytes} bytes.`, { ...event });
    } else if (event.kind === 'extracting') console.line(`Extracting ${event.tarball}`, { ...event });
    else
      console.result(`${event.folder} is ${event.already ? 'there already, and whole' : 'ready'}`, {
        ...event,
      });
  };
}
