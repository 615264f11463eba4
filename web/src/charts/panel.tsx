/** The charts of some runs: one chart for each tag, in groups that can be folded. */
import { useMemo } from 'preact/hooks';
import type { ShownRuns } from '../../../src/dashboard/page/shown-runs.ts';
import { groupTags, matchesFilter } from '../../../src/dashboard/page/tags.ts';
import type { RunSummary } from '../../../src/dashboard/wire.ts';
import { ErrorBoundary } from '../error-boundary.tsx';
import { Empty } from '../message.tsx';
import { useRoute } from '../navigation.ts';
import { useOverviews } from '../runs.ts';
import { Chart } from './chart.tsx';
import type { ChartCurve } from './lines.ts';
import { type ChartOptions, chartOptions } from './options.ts';
import { ChartToolbar } from './toolbar.tsx';

interface PanelProps {
  readonly runs: readonly RunSummary[];
  readonly colors: ShownRuns;
}

export function ChartPanel({ runs, colors }: PanelProps) {
  const options = chartOptions(useRoute());
  const ids = runs.map(({ id }) => id);
  const tags = [...new Set(runs.flatMap(({ scalars }) => scalars))];
  const groups = groupTags(tags.filter((tag) => matchesFilter(tag, options.filter)));
  return (
    <section aria-label="Curves">
      <ChartToolbar options={options} />
      {groups.length === 0 && <NoCharts runs={runs} hasTags={tags.length > 0} />}
      {groups.map((group, index) => (
        <details key={group.title} class="group" open={index < 2 || options.filter !== ''}>
          <summary>
            {group.title} <span class="count">{group.tags.length}</span>
          </summary>
          <div class="charts">
            {group.tags.map((tag) => (
              <ChartOfTag key={tag} {...{ tag, runs, ids, colors, options }} />
            ))}
          </div>
        </details>
      ))}
    </section>
  );
}

interface TagProps extends PanelProps {
  readonly tag: string;
  readonly ids: readonly string[];
  readonly options: ChartOptions;
}

function ChartOfTag({ tag, runs, ids, colors, options }: TagProps) {
  const overviews = useOverviews(ids);
  const curves = runs.flatMap(({ id, path }): ChartCurve[] => {
    const known = overviews.get(id)?.get(tag);
    return known === undefined ? [] : [{ id, label: path, color: colors.get(id) ?? 0, ...known }];
  });
  return (
    <ErrorBoundary>
      <Chart tag={tag} curves={useSame(curves)} options={options} />
    </ErrorBoundary>
  );
}

/** Returns the same list while its curves are the same. */
function useSame(curves: readonly ChartCurve[]): readonly ChartCurve[] {
  return useMemo(() => curves, [curves.length, ...curves.flatMap(({ curve, color }) => [curve, color])]);
}

function NoCharts({ runs, hasTags }: { readonly runs: readonly RunSummary[]; readonly hasTags: boolean }) {
  if (runs.length === 0)
    return <Empty title="No run is selected">Select runs in the table to see their curves.</Empty>;
  if (hasTags) return <Empty title="No curve has this name">Change or clear the filter.</Empty>;
  return <Empty title="No curves yet">The curves appear as soon as the run writes its first values.</Empty>;
}
