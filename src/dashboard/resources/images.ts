/** `RUN/images.json`, and `RUN/images/N.png`: the images that a run recorded, as they were written. */
import { decodedValues, spread } from '../collect/located-values.ts';
import type { FoundValue, Run } from '../collect/run.ts';
import { isPicture } from '../picture-type.ts';
import { always, jsonType, type Resource } from '../resource.ts';
import type { ImageList } from '../wire.ts';

/** The most images of each tag. */
const mostSteps = 30;

export const imagesResource: Resource = {
  pattern: 'RUN/images.json',
  type: jsonType,
  list: always,
  make: async ({ known }) => {
    const images = shownImages(known.run).map(({ tag, step, width, height }) => ({
      tag,
      step,
      width,
      height,
    }));
    return JSON.stringify({ images } satisfies ImageList);
  },
};

export const imageResource: Resource = {
  pattern: 'RUN/images/N.png',
  type: 'image/png',
  list: async ({ known }) => shownImages(known.run).map((_, index) => String(index)),
  make: async ({ known, number }) => {
    const place = shownImages(known.run)[number];
    const [found] = place === undefined ? [] : await decodedValues(known.run, [place]);
    if (found?.value.kind !== 'image') return undefined;
    const { png } = found.value.image;
    return isPicture(png) ? png : undefined;
  },
};

function shownImages({ located }: Run): readonly FoundValue[] {
  const byTag = new Map<string, FoundValue[]>();
  for (const one of located) {
    if (one.kind !== 'image') continue;
    const known = byTag.get(one.tag);
    if (known === undefined) byTag.set(one.tag, [one]);
    else known.push(one);
  }
  return [...byTag.values()].flatMap((images) => spread(images, mostSteps));
}
