/**
 * Exports a trained network to a format of other programs, with a model card beside it. This is a generator of events without
 * flags or console. `cifar10 export` prints the events, and the library exports it as `exportModel`.
 *
 *     checkpoint ─► trained network ─► files in memory ─► compared with the live network on 1,000 pictures ─► written
 */
import { requireOptions } from '../arguments.ts';
import { imageBytes } from '../data/record.ts';
import { RunError, requireRunning } from '../errors.ts';
import { EventQueue } from '../events.ts';
import { openCheckpoint } from '../run/open-checkpoint.ts';
import { type StopControl, stopChecks } from '../run/stop-control.ts';
import { type Comparison, compare, requireAgreement } from './compare.ts';
import { type ExportRequest, type ExportSettings, exportChecks, exportSettings } from './export-request.ts';
import type { ExportedModel, ExportFormatName } from './format.ts';
import { exportFormats } from './formats.ts';
import { knownResults } from './known-results.ts';
import { liveNetwork } from './live-network.ts';
import { modelCard } from './model-card.ts';
import { cardName, type OutputFile, requireFreeOutput, writeOutput } from './output.ts';
import { type TestPictures, testPictures } from './test-pictures.ts';
import { type TrainedNetwork, trainedNetwork } from './trained-network.ts';

/** What `exportModel` reports. */
export type ExportEvent =
  | { readonly kind: 'warning'; readonly message: string }
  /** The checkpoint was read. The export begins. */
  | {
      readonly kind: 'exporting';
      readonly trained: TrainedNetwork;
      readonly format: ExportFormatName;
    }
  /** The export and the live network agree. */
  | {
      readonly kind: 'compared';
      readonly comparison: Comparison;
      /** What the pictures are, as in `test pictures of CIFAR-10`. */
      readonly pictures: string;
    }
  /** The files were written. */
  | {
      readonly kind: 'exported';
      readonly format: ExportFormatName;
      readonly output: string;
      readonly files: readonly OutputFile[];
    };

/** The number of pictures to compare, and how many of them at once. */
const [comparedPictures, batchSize] = [1000, 100];
/** The size of the pictures to compare: large pictures are fewer. */
const mostBytes = 2 ** 27;

/** @throws UsageError for options that are unknown, out of range, or contradict each other
 * @throws RunError when no undamaged checkpoint is found, `output` exists or cannot be written, or the export and the live
 * network differ. Nothing is written then
 * @throws StoppedError when the signal is aborted */
export async function* exportModel(
  request: ExportRequest,
  control: StopControl = {},
): AsyncGenerator<ExportEvent, void, void> {
  requireOptions(request, exportChecks);
  requireOptions(control, stopChecks);
  const { signal } = control;
  const settings = exportSettings(request);
  const { checkpointDir, format, names, output } = settings;
  await requireFreeOutput(settings);
  const queue = new EventQueue<ExportEvent>();
  const warn = (message: string) => queue.push({ kind: 'warning', message });
  const found = yield* queue.during(openCheckpoint(checkpointDir, warn));
  const trained = trainedNetwork(found, settings.weights);
  yield { kind: 'exporting', trained, format };
  const { problem, make } = exportFormats[format];
  const refused = problem?.(trained);
  if (refused !== undefined) throw new RunError(`\`format: ${format}\`: ${refused}; use another format`);
  const exported = await make(trained, { names });
  const pictures = yield* queue.during(picturesFor(settings, trained, warn, signal));
  const comparison = await compareWithLive(exported, trained, pictures, signal);
  yield { kind: 'compared', comparison, pictures: pictures.title };
  const results = await knownResults(settings.evalDir, trained);
  const card = modelCard({
    trained,
    exported,
    format,
    output,
    comparison,
    pictures: pictures.title,
    results,
  });
  requireRunning(signal, 'nothing was exported');
  const files = new Map([...exported.files, [cardName(settings), new TextEncoder().encode(card)]]);
  yield { kind: 'exported', format, output, files: await writeOutput(settings, files) };
}

async function picturesFor(
  { dataDir }: ExportSettings,
  { dataset }: TrainedNetwork,
  warn: (message: string) => void,
  signal: AbortSignal | undefined,
): Promise<TestPictures> {
  const count = Math.min(comparedPictures, Math.ceil(mostBytes / imageBytes(dataset.record.image)));
  try {
    return await testPictures(dataDir, dataset, count, signal);
  } catch (error) {
    if (!(error instanceof RunError)) throw error;
    warn(`${error.message.replace(/\.$/, '')}. The export is compared on generated pictures instead`);
    return testPictures(undefined, dataset, count, signal);
  }
}

/** @throws RunError with the largest difference when it is too large */
async function compareWithLive(
  exported: ExportedModel,
  trained: TrainedNetwork,
  pictures: TestPictures,
  signal: AbortSignal | undefined,
): Promise<Comparison> {
  const live = await liveNetwork(trained, trained.values, batchSize);
  try {
    const file = await exported.open(batchSize);
    try {
      const comparison = await compare(file, live, pictures, signal);
      requireAgreement(comparison, pictures.title, trained.path);
      return comparison;
    } finally {
      await file.release();
    }
  } finally {
    await live.release();
  }
}
