/** `RUN/scalars.json`: every curve, reduced to what can be drawn; `RUN/scalars/TAG.bin`: every point of one curve. */
import { curveOf, decimated } from '../collect/decimate.ts';
import { always, jsonType, type Place, type Resource } from '../resource.ts';
import { idOf, type ScalarOverview } from '../wire.ts';

/** The most points of a curve in the overview. */
export const mostPoints = 1000;

export const scalarsResource: Resource = {
  pattern: 'RUN/scalars.json',
  type: jsonType,
  list: always,
  make: async ({ known }) => JSON.stringify(overviewOf(known.shown, known.isRead)),
};

export const curveResource: Resource = {
  pattern: 'RUN/scalars/TAG.bin',
  type: 'application/octet-stream',
  list: async ({ known }) => [...known.run.scalars.keys()].map(idOf),
  make: async ({ known, tag }) => {
    const points = known.isRead ? known.run.pointsOf(tag) : undefined;
    if (points === undefined) return undefined;
    const { steps, times, values } = points;
    const count = steps.length;
    const bytes = new Uint8Array(count * 24);
    const view = new DataView(bytes.buffer);
    // The byte order of the machine is not assumed.
    for (const [row, numbers] of [steps, times, values].entries())
      for (let at = 0; at < count; at++) view.setFloat64((row * count + at) * 8, numbers[at] ?? 0, true);
    return bytes;
  },
};

/** @param isRead whether the whole curves can be fetched */
function overviewOf({ scalars }: Place['known']['run'], isRead: boolean): ScalarOverview {
  const tags = [...scalars].sort(([a], [b]) => (a < b ? -1 : 1));
  const curves = tags.map(
    ([tag, { points }]) => [tag, curveOf(points, decimated(points, mostPoints))] as const,
  );
  return {
    counts: Object.fromEntries(
      curves.map(([tag, { steps }]) => [tag, isRead ? (scalars.get(tag)?.length ?? 0) : steps.length]),
    ),
    curves: Object.fromEntries(curves),
  };
}
