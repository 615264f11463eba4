/** The description of a data set that was made of the user's own pictures (`src/pictures` makes it). */
import type {
  ChannelStatistics,
  DatasetDescription,
  DatasetFile,
  PicturesName,
  PicturesOrigin,
} from './dataset.ts';
import type { ImageShape, RecordLayout } from './record.ts';

export const picturesName: PicturesName = 'pictures';

/** The parts in which such data sets differ. */
export interface PicturesParts {
  /** Where the pictures come from, or undefined if that is not known. */
  readonly origin: PicturesOrigin | undefined;
  /** The names of the 2 to 1,000 classes. */
  readonly classes: readonly string[];
  /** The shape of the images of the records. */
  readonly image: ImageShape;
  readonly statistics: ChannelStatistics;
  readonly files: readonly DatasetFile[];
}

/** Describes a data set of pictures. Its records have one label, `class`. */
export function describePictures(parts: PicturesParts): DatasetDescription {
  const { origin, classes, image, statistics, files } = parts;
  const [, height, width] = image;
  const place = origin === undefined ? '' : ` in ${baseName(origin.source)}`;
  return {
    name: picturesName,
    title: `the pictures${place}`,
    folder: picturesFolder(height === width ? height : `${height}x${width}`),
    record: picturesRecord(classes, image),
    labels: 'class',
    classes,
    files,
    statistics,
    ...(origin !== undefined && { origin }),
  };
}

/** Returns the name of the folder with images of a size, which distinguishes it from those of the same pictures in other sizes. */
export function picturesFolder(size: number | string): string {
  return `pictures-${size}`;
}

/** Returns the layout of the records of pictures. */
export function picturesRecord(classes: readonly string[], image: ImageShape): RecordLayout {
  const bytes = classes.length > 256 ? 2 : 1;
  return { labels: [{ name: 'class', bytes, classes, namesFile: 'classes.txt' }], image };
}

function baseName(path: string): string {
  return path.replace(/[\\/]+$/, '').replace(/^.*[\\/]/, '');
}
