/** The flags about the user's own pictures, in the group “Data” of the help. */
import { pictureBounds } from '../../run/run-data.ts';

const placeFlags = {
  from: {
    kind: 'string',
    valueName: 'folder|file',
    help: 'pictures: a folder with a folder for each class, or a CSV file with the columns path and label',
    group: 'Data',
    commands: ['import'],
  },
  data: {
    kind: 'string',
    valueName: 'folder|file',
    help: 'your own pictures, instead of --dataset: a folder with a folder for each class, a CSV file with the columns path and label, or a folder that import wrote',
    helpFor: { eval: 'pictures to evaluate on (default: those of the checkpoint)' },
    group: 'Data',
    inSweep: 'same',
    commands: ['train', 'eval'],
  },
  cache: {
    kind: 'string',
    valueName: 'folder',
    help: 'folder for the records of your own pictures (default: beside them, <data>.cifar10)',
    group: 'Data',
    inSweep: 'same',
    commands: ['train', 'eval'],
  },
} as const;

/** The texts of the flags that are numbers. The bounds are those of the options. */
const numberTexts = {
  imageSize: {
    valueName: 'pixels',
    help: 'height and width of the images that are made of your own pictures (default: 32)',
  },
  testShare: {
    valueName: 'share',
    help: 'fraction of your own pictures of each class that are test images, if they have no test folder (default: 0.2)',
  },
  splitSeed: { valueName: 'seed', help: 'seed that selects these test images (default: 0)' },
} as const;

interface OfPictures {
  readonly group: 'Data';
  readonly inSweep: 'same';
  readonly commands: readonly ['import', 'train'];
}

type Bounds = typeof pictureBounds;
type NumberFlags = {
  readonly [Name in keyof Bounds]: Bounds[Name] & (typeof numberTexts)[Name] & OfPictures;
};

const ofPictures: OfPictures = { group: 'Data', inSweep: 'same', commands: ['import', 'train'] };

const numberFlags = Object.fromEntries(
  Object.entries(pictureBounds).map(([name, bounds]) => [
    name,
    { ...bounds, ...numberTexts[name as keyof Bounds], ...ofPictures },
  ]),
) as NumberFlags;

export type PictureFlags = typeof placeFlags & NumberFlags;

export const pictureFlags: PictureFlags = { ...placeFlags, ...numberFlags };
