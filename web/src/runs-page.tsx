/** The page of all runs: a table, and the curves of the runs that are chosen in it. */
import { useMemo } from 'preact/hooks';
import { trainCommand } from '../../src/dashboard/page/commands.ts';
import { formatShown, type ShownRuns, shownRuns } from '../../src/dashboard/page/shown-runs.ts';
import type { RunList } from '../../src/dashboard/wire.ts';
import { ChartPanel } from './charts/panel.tsx';
import { Empty } from './message.tsx';
import { changeQuery, useRoute } from './navigation.ts';
import { RunTable } from './run-table.tsx';
import { newestFirst, useRunList } from './runs.ts';

/** How many runs are shown at first. */
const mostAtFirst = 10;

export function RunsPage() {
  const { list } = useRunList();
  const { query } = useRoute();
  const runs = list?.runs ?? [];
  const newest = newestFirst(runs).map(({ id }) => id);
  const shown = useMemo(
    () => shownRuns(query['show'], newest, mostAtFirst),
    [query['show'], newest.toSorted().join()],
  );
  const change = (next: ShownRuns) => changeQuery({ show: formatShown(next) });
  if (list !== undefined && runs.length === 0) return <NoRuns list={list} />;
  const chosen = [...shown.keys()].flatMap((id) => runs.filter((run) => run.id === id));
  return (
    <>
      <h1 class="sr-only">Runs</h1>
      <RunTable runs={runs} shown={shown} onChange={change} />
      <ChartPanel runs={chosen} colors={shown} />
    </>
  );
}

function NoRuns({ list }: { readonly list: RunList }) {
  return (
    <Empty title={`There are no runs below ${list.folder}`}>
      <p>{list.isLive ? 'Start one, and it appears here:' : 'Start one, and export the page again:'}</p>
      <pre>{trainCommand(list)}</pre>
    </Empty>
  );
}
