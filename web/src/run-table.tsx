/** The table of runs. Its checkboxes choose the runs of the charts. */
import { useMemo, useState } from 'preact/hooks';
import { formatWhole } from '../../src/dashboard/page/format.ts';
import { type ShownRuns, withoutRun, withRun } from '../../src/dashboard/page/shown-runs.ts';
import { matchesFilter } from '../../src/dashboard/page/tags.ts';
import type { RunSummary } from '../../src/dashboard/wire.ts';
import { counted } from '../../src/wording.ts';
import { linkTo } from './navigation.ts';
import { type Column, columnsOf } from './run-columns.ts';
import { newestFirst, useNow } from './runs.ts';
import { Swatch } from './swatch.tsx';

interface TableProps {
  readonly runs: readonly RunSummary[];
  readonly shown: ShownRuns;
  readonly onChange: (shown: ShownRuns) => void;
}

interface Sorting {
  readonly id: string;
  readonly isDescending: boolean;
}

const nameColumn: Column = {
  ...{ id: 'name', title: 'Run', isNumber: false },
  text: ({ path }) => path,
  compare: (a, b) => a.path.localeCompare(b.path, 'en', { numeric: true }),
};

export function RunTable({ runs, shown, onChange }: TableProps) {
  const [filter, setFilter] = useState('');
  const [sorting, setSorting] = useState<Sorting>();
  const now = useNow();
  const columns = useMemo(() => columnsOf(runs), [runs]);
  const rows = useMemo(() => {
    const column = [nameColumn, ...columns].find(({ id }) => id === sorting?.id);
    const found = newestFirst(runs).filter(({ path }) => matchesFilter(path, filter));
    if (column === undefined) return found;
    return found.toSorted((a, b) => column.compare(a, b) * (sorting?.isDescending === true ? -1 : 1));
  }, [runs, columns, filter, sorting]);
  const unread = runs.filter(({ isRead }) => !isRead).length;
  const sortBy = (id: string) =>
    setSorting((old) => ({ id, isDescending: old?.id === id ? !old.isDescending : false }));
  const showAll = () => onChange(rows.reduce<ShownRuns>((all, { id }) => withRun(all, id), shown));
  const showNone = () => onChange(rows.reduce<ShownRuns>((all, { id }) => withoutRun(all, id), shown));
  return (
    <section class="panel" aria-label="Table of runs">
      <div class="toolbar">
        <label>
          <span>Runs</span>
          <input
            type="search"
            placeholder="Filter by name"
            value={filter}
            onInput={({ currentTarget }) => setFilter(currentTarget.value)}
          />
        </label>
        <button type="button" onClick={showAll}>
          Show all
        </button>
        <button type="button" onClick={showNone}>
          Show none
        </button>
        <span class="hint" role="status">
          {shown.size} of {runs.length} in the charts
          {unread > 0 && `. ${counted(unread, 'run')} still being read: a part of the points is shown.`}
        </span>
      </div>
      <section class="scroll" aria-label="Runs">
        <table class="runs">
          <thead>
            <tr>
              {[nameColumn, ...columns].map((column) => (
                <Heading key={column.id} {...{ column, sorting }} onSort={() => sortBy(column.id)} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((run) => (
              <Row key={run.id} {...{ run, columns, shown, onChange, now }} />
            ))}
          </tbody>
        </table>
        {rows.length === 0 && <p class="message">No run has this name.</p>}
      </section>
    </section>
  );
}

interface HeadingProps {
  readonly column: Column;
  readonly sorting: Sorting | undefined;
  readonly onSort: () => void;
}

function Heading({ column: { id, title, isNumber }, sorting, onSort }: HeadingProps) {
  const isSorted = sorting?.id === id;
  const order = isSorted ? (sorting.isDescending ? 'descending' : 'ascending') : undefined;
  return (
    <th scope="col" aria-sort={order} class={isNumber ? 'number' : undefined}>
      <button type="button" class="quiet" onClick={onSort}>
        {title}
        <span aria-hidden="true">{order === undefined ? '' : order === 'ascending' ? ' ↑' : ' ↓'}</span>
      </button>
    </th>
  );
}

interface RowProps {
  readonly run: RunSummary;
  readonly columns: readonly Column[];
  readonly shown: ShownRuns;
  readonly onChange: (shown: ShownRuns) => void;
  readonly now: number;
}

function Row({ run, columns, shown, onChange, now }: RowProps) {
  const color = shown.get(run.id);
  const toggle = (isShown: boolean) => onChange(isShown ? withRun(shown, run.id) : withoutRun(shown, run.id));
  return (
    <tr>
      <th scope="row">
        <span class="run-name">
          <input
            type="checkbox"
            aria-label={`Show ${run.path} in the charts`}
            checked={color !== undefined}
            onChange={({ currentTarget }) => toggle(currentTarget.checked)}
          />
          {color === undefined ? <span class="swatch" /> : <Swatch color={color} />}
          <a href={linkTo(['run', run.id])}>{run.path}</a>
          {run.remarks.length > 0 && (
            <span class="remark" title={run.remarks.join('\n')}>
              <span aria-hidden="true">!</span>
              <span class="sr-only">{run.remarks.join('. ')}</span>
            </span>
          )}
        </span>
      </th>
      {columns.map(({ id, text, isNumber }) => (
        <td key={id} class={isNumber ? 'number' : undefined}>
          {id === 'state' ? <StateChip run={run} /> : text(run, now)}
        </td>
      ))}
    </tr>
  );
}

export function StateChip({ run: { state, step, maxSteps } }: { readonly run: RunSummary }) {
  const title =
    state === 'stopped' && maxSteps !== null
      ? `ended at step ${formatWhole(step)} of ${formatWhole(maxSteps)}`
      : undefined;
  return (
    <span class={`state ${state}`} title={title}>
      {state}
    </span>
  );
}
