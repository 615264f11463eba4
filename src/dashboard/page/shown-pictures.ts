/** The pictures of a run that its network can be asked about: the mistakes of the newest report, and recorded input images. */
import type { EvaluationList, ImageList } from '../wire.ts';

export interface ShownPicture {
  /** The path below that of the run. */
  readonly path: string;
  readonly title: string;
  /** What distinguishes it from another picture with the same path. */
  readonly key: readonly (string | number)[];
}

const mostMistakes = 24;
/** Summaries record input images under this name (`summary/tags.ts`). */
const inputTag = /^images\/image\//;

/** Mistakes come first: they are whole pictures, and recorded images are the crops of a training step. */
export function shownPictures(
  evaluations: EvaluationList | undefined,
  recorded: ImageList | undefined,
): readonly ShownPicture[] {
  const { step = 0, mistakes = [] } = evaluations?.report ?? {};
  const wrong = mistakes.flatMap(({ label, predicted, probability, source, hasPicture }, index) => {
    if (!hasPicture) return [];
    const title = `${label}, taken for ${predicted} (${source})`;
    return [{ path: `mistakes/${index}.png`, title, key: [step, label, predicted, probability, source] }];
  });
  const newest = new Map<string, ShownPicture>();
  for (const [index, { tag, step }] of (recorded?.images ?? []).entries()) {
    if (inputTag.test(tag))
      newest.set(tag, { path: `images/${index}.png`, title: `${tag} at step ${step}`, key: [step, tag] });
  }
  return [...wrong.slice(0, mostMistakes), ...newest.values()];
}
