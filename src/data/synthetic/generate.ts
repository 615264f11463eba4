/**
 * The generated set: ten classes of drawn shapes in CIFAR-10's binary format, for tests and for a first run without a download.
 * Color, position, size, rotation, background and noise vary, so that single pixels reveal almost nothing about the class.
 *
 * Measured in 2026-11 with seed 0: after 1,000 steps with a batch size of 128 and a clip norm of 5, the tutorial's network with
 * averaged weights has a precision @ 1 of 0.954 on the 2,000 test images. A linear classifier on the pixels has a precision of
 * 0.167 (`tools/linear_baseline.py`). Drawing all 12,000 images takes about 2 s on one core.
 */
import { setImmediate as yieldToEventLoop } from 'node:timers/promises';
import { aText, requireOptions } from '../../arguments.ts';
import { exists } from '../../disk/exists.ts';
import { requireRunning } from '../../errors.ts';
import { placeOf, withDataFolder } from '../data-folder.ts';
import { type DatasetFile, filesOf } from '../dataset.ts';
import { datasets } from '../datasets.ts';
import { type DataOptions, dataChecks } from '../events.ts';
import { folderOf } from '../files.ts';
import { recordBytes } from '../record.ts';
import { requireComplete, writeDataset } from '../write.ts';
import { drawRecords } from './records.ts';

const dataset = datasets.synthetic;
/** How many images are drawn before yielding to the event loop. Drawing that many takes a few hundredths of a second. */
const imagesPerTurn = 100;

async function drawFile({ name, split, records }: DatasetFile, signal?: AbortSignal): Promise<Uint8Array> {
  const files = filesOf(dataset, split);
  const before = files.slice(
    0,
    files.findIndex((file) => file.name === name),
  );
  const first = before.reduce((sum, file) => sum + file.records, 0);
  const size = recordBytes(dataset.record);
  const bytes = new Uint8Array(records * size);
  for (let start = 0; start < records; start += imagesPerTurn) {
    await yieldToEventLoop();
    requireRunning(signal);
    bytes.set(drawRecords(split, first + start, Math.min(imagesPerTurn, records - start)), start * size);
  }
  return bytes;
}

/**
 * Generates the set in `dataDir` unless it exists.
 * @returns whether the set was generated
 * @throws RunError when the folder of the set exists but lacks files, or cannot be written
 * @throws StoppedError when the signal is aborted; no files are left behind
 */
export async function ensureSynthetic(dataDir: string, options: DataOptions = {}): Promise<boolean> {
  aText('dataDir', dataDir);
  requireOptions(options, dataChecks);
  const folder = folderOf(dataDir, dataset);
  const isPresent = async () => {
    if (!(await exists(folder))) return false;
    await requireComplete(dataDir, dataset);
    return true;
  };
  if (await isPresent()) return false;
  return withDataFolder(placeOf(dataDir, dataset), options, async () => {
    if (await isPresent()) return false; // another process generated the set while this one waited for the lock
    options.onEvent?.({ kind: 'drawing', dataset: dataset.name, folder });
    await writeDataset(dataDir, dataset, (file) => drawFile(file, options.signal));
    return true;
  });
}
