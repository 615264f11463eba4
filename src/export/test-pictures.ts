/** The pictures on which an export is compared with the live network. */
import type { DatasetDescription } from '../data/dataset.ts';
import { ExampleReader } from '../data/examples.ts';
import { loadExamples, missingFiles } from '../data/files.ts';
import { picturesName } from '../data/pictures.ts';
import { type ImageShape, imageBytes } from '../data/record.ts';
import { type ImportedSet, importedSets } from '../pictures/open.ts';
import { RandomStream } from '../tensor/random.ts';
import { sameShape } from '../tensor/tensor.ts';
import { counted } from '../wording.ts';

export interface TestPictures {
  /** What the pictures are, as in `test pictures of CIFAR-10`. */
  readonly title: string;
  readonly count: number;
  /** [count, C, H, W] */
  readonly pixels: Uint8Array;
}

/** Returns the first test pictures of a data set, and generated ones if there are too few or its records are missing. Nothing is
 * downloaded or imported.
 * @param dataDir the folder of the data sets, or undefined for generated pictures
 * @throws RunError when the files are damaged
 * @throws StoppedError when `signal` is aborted */
export async function testPictures(
  dataDir: string | undefined,
  dataset: DatasetDescription,
  count: number,
  signal?: AbortSignal,
): Promise<TestPictures> {
  const found = dataDir === undefined ? undefined : await findRecords(dataDir, dataset);
  if (found === undefined) return generatedPictures(dataset.record.image, count);
  const examples = await loadExamples(found.dataDir, found.dataset, 'test', signal);
  const reader = new ExampleReader(examples);
  const bytes = imageBytes(dataset.record.image);
  const kept = Math.min(count, examples.count);
  if (kept === 0) return generatedPictures(dataset.record.image, count);
  const { pixels } = generatedPictures(dataset.record.image, count);
  for (let index = 0; index < kept; index++) pixels.set(reader.pixelsOf(index), index * bytes);
  const title =
    kept === count
      ? `test pictures of ${dataset.title}`
      : `pictures (${counted(kept, 'test picture')}, the others generated)`;
  return { title, count, pixels };
}

/** Finds the records of a data set. Those of the user's own pictures are in the data folder, in the cache, or beside the pictures. */
async function findRecords(dataDir: string, dataset: DatasetDescription): Promise<ImportedSet | undefined> {
  if (dataset.name !== picturesName)
    return (await missingFiles(dataDir, dataset)).length === 0 ? { dataDir, dataset } : undefined;
  const { source, cache = source === undefined ? undefined : `${source}.cifar10` } = dataset.origin ?? {};
  for (const folder of [dataDir, cache, source]) {
    const sets = folder === undefined ? [] : await importedSets(folder).catch(() => []);
    const same = sets.find(
      ({ dataset: { record, classes } }) =>
        sameShape(record.image, dataset.record.image) && classes.join('\n') === dataset.classes.join('\n'),
    );
    if (same !== undefined) return same;
  }
  return undefined;
}

/** The strengths of the gradient and of the noise of generated pictures. They include pictures of one color, to which whitening
 * applies its lower bound. */
const [gradients, noises] = [
  [0, 40, 200],
  [0, 1, 30, 250],
];

/** Generates pictures: a color, a gradient and noise. The same arguments always give the same pictures. */
export function generatedPictures(shape: ImageShape, count: number): TestPictures {
  const [channels, height, width] = shape;
  const pixels = new Uint8Array(count * imageBytes(shape));
  let at = 0;
  for (let picture = 0; picture < count; picture++) {
    const stream = new RandomStream(0, 'test', 0, picture);
    const gradient = gradients[picture % gradients.length] ?? 0;
    const noise = noises[picture % noises.length] ?? 0;
    for (let channel = 0; channel < channels; channel++) {
      const color = stream.between(0, 255);
      const [down, right] = [stream.between(-gradient, gradient), stream.between(-gradient, gradient)];
      for (let row = 0; row < height; row++)
        for (let column = 0; column < width; column++) {
          const smooth = color + down * (row / height - 0.5) + right * (column / width - 0.5);
          pixels[at++] = Math.max(0, Math.min(255, Math.round(smooth + stream.between(-noise, noise))));
        }
    }
  }
  return { title: 'generated pictures', count, pixels };
}
