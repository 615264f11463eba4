/** `RUN/histograms/TAG.json`: the histograms of one tag. */

import type { Histogram } from '../../summary/histogram.ts';
import { decodedValues, spread } from '../collect/located-values.ts';
import type { Run } from '../collect/run.ts';
import { jsonType, type Resource } from '../resource.ts';
import { type HistogramAtStep, type HistogramSeries, idOf } from '../wire.ts';

/** The most steps, and the most buckets of a step. */
const [mostSteps, mostBuckets] = [50, 1000];

export const histogramsResource: Resource = {
  pattern: 'RUN/histograms/TAG.json',
  type: jsonType,
  list: async ({ known }) => {
    const tags = new Set(known.run.located.filter(({ kind }) => kind === 'histogram').map(({ tag }) => tag));
    return [...tags].map(idOf);
  },
  make: async ({ known, tag }) => {
    const series = await seriesOf(known.run, tag);
    return series && JSON.stringify(series);
  },
};

async function seriesOf(run: Run, tag: string): Promise<HistogramSeries | undefined> {
  const places = run.located.filter((one) => one.kind === 'histogram' && one.tag === tag);
  if (places.length === 0) return undefined;
  const values = await decodedValues(run, spread(places, mostSteps));
  const histograms = values.flatMap(({ place, value }) =>
    value.kind === 'histogram' ? [atStep(place.step, value.histogram)] : [],
  );
  return { tag, histograms };
}

/**
 * Converts TensorFlow's limits to edges. The first bucket has no lower limit, and the last one may have the largest number of the type
 * as its limit, so the smallest and the largest value are the outer edges. Empty outer buckets are left out.
 */
function atStep(step: number, { limits, counts, min, max }: Histogram): HistogramAtStep {
  const used = [...counts.keys()].filter((bucket) => (counts[bucket] ?? 0) > 0);
  const [first, last] = [used[0], used.at(-1)];
  if (first === undefined || last === undefined) return { step, edges: [0, 0], counts: [0] };
  const inner = Array.from(limits.subarray(first, last), finite);
  const low = Math.min(finite(min), inner[0] ?? finite(min));
  const high = Math.max(finite(max), inner.at(-1) ?? finite(max));
  return { step, ...merged([low, ...inner, high], Array.from(counts.subarray(first, last + 1), finite)) };
}

/** Merges neighboring buckets if there are too many. */
function merged(edges: readonly number[], counts: readonly number[]): Omit<HistogramAtStep, 'step'> {
  const size = Math.ceil(counts.length / mostBuckets);
  if (size === 1) return { edges, counts };
  const starts = Array.from({ length: Math.ceil(counts.length / size) }, (_, group) => group * size);
  return {
    edges: [...starts.map((at) => edges[at] ?? 0), edges.at(-1) ?? 0],
    counts: starts.map((at) => counts.slice(at, at + size).reduce((sum, count) => sum + count, 0)),
  };
}

function finite(value: number): number {
  return Number.isFinite(value) ? value : 0;
}
