/** The histograms of one tag over time: a heat map, and the histogram of one step. */
import { useState } from 'preact/hooks';
import { valueRange } from '../../../src/dashboard/page/histogram-grid.ts';
import { type HistogramSeries, idOf } from '../../../src/dashboard/wire.ts';
import { useResource } from '../client.ts';
import { Empty, Failure, Loading } from '../message.tsx';
import { useRoute } from '../navigation.ts';
import type { ViewProps } from '../views.ts';
import { HeatMap } from './heat-map.tsx';
import { OneHistogram } from './one-histogram.tsx';
import { StepSlider } from './step-slider.tsx';
import { TagSelect } from './tag-select.tsx';

export function HistogramsView({ run }: ViewProps) {
  const { query } = useRoute();
  const chosen = query['tag'] ?? '';
  const tag = run.histograms.includes(chosen) ? chosen : (run.histograms[0] ?? '');
  const { value, error } = useResource<HistogramSeries>(`${run.id}/histograms/${idOf(tag)}.json`, 'json');
  return (
    <section aria-label="Histograms" class="panel">
      <div class="toolbar">
        <TagSelect label="Values of" tags={run.histograms} value={tag} />
      </div>
      {error !== undefined && <Failure error={error} />}
      {value === undefined && error === undefined && <Loading />}
      {value !== undefined && <Series key={tag} series={value} />}
    </section>
  );
}

function Series({ series: { tag, histograms } }: { readonly series: HistogramSeries }) {
  /** Undefined follows the newest step. */
  const [chosen, setChosen] = useState<number>();
  const range = valueRange(histograms);
  const last = histograms.length - 1;
  const index = Math.min(chosen ?? last, last);
  const histogram = histograms[index];
  if (range === undefined || histogram === undefined)
    return <Empty title="No values yet">The run has not written a histogram with finite values.</Empty>;
  const choose = (next: number) => setChosen(next === last ? undefined : next);
  return (
    <div class="histograms">
      <HeatMap {...{ tag, histograms, range, index }} onChoose={choose} />
      <div>
        <StepSlider steps={histograms.map(({ step }) => step)} index={index} onChange={choose} />
        <OneHistogram {...{ histogram, range }} />
      </div>
    </div>
  );
}
