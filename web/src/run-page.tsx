/** The page of a run: what is known of it, links to its views, and one of the views. */
import { formatAgo, formatDuration, formatWhole } from '../../src/dashboard/page/format.ts';
import type { RunSummary } from '../../src/dashboard/wire.ts';
import { ErrorBoundary } from './error-boundary.tsx';
import { Empty } from './message.tsx';
import { linkTo, useRoute } from './navigation.ts';
import { formatResult } from './run-columns.ts';
import { StateChip } from './run-table.tsx';
import { useNow, useRunList } from './runs.ts';
import { views } from './views.ts';

export function RunPage() {
  const {
    parts: [, id = '', viewId = 'curves'],
  } = useRoute();
  const { list } = useRunList();
  const run = list?.runs.find((run) => run.id === id);
  if (run === undefined) {
    return (
      <Empty title="This run does not exist">
        It was deleted or renamed. <a href={linkTo(['runs'])}>Show all runs</a>
      </Empty>
    );
  }
  const offered = views.filter(({ isOffered }) => isOffered(run));
  const view = views.find(({ id }) => id === viewId);
  const isOffered = view !== undefined && offered.includes(view);
  return (
    <>
      <RunHeader run={run} />
      <nav class="tabs" aria-label="Views of the run">
        {offered.map(({ id, title }) => (
          <a
            key={id}
            class="tab"
            href={linkTo(['run', run.id, id])}
            aria-current={id === viewId ? 'page' : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      {isOffered ? (
        <ErrorBoundary key={`${run.id}/${view.id}`}>
          <view.component run={run} />
        </ErrorBoundary>
      ) : (
        <Empty
          title={run.isRead ? 'This run does not have this view' : 'The files of this run are being read'}
        >
          <a href={linkTo(['run', run.id])}>Show its curves</a>
        </Empty>
      )}
    </>
  );
}

function RunHeader({ run }: { readonly run: RunSummary }) {
  const now = useNow();
  const { path, step, maxSteps, started, changed, results, remarks } = run;
  const facts: readonly (readonly [string, string])[] = [
    ['Step', maxSteps === null ? formatWhole(step) : `${formatWhole(step)} of ${formatWhole(maxSteps)}`],
    ...Object.entries(results).map(([name, value]) => [name, formatResult(name, value)] as const),
    ...(started !== null && changed !== null
      ? [['Duration', formatDuration(changed - started)] as const]
      : []),
    ['Changed', formatAgo(changed, now)],
  ];
  return (
    <header class="run-header">
      <p class="crumbs">
        <a href={linkTo(['runs'])}>Runs</a>
      </p>
      <h1>
        {path} <StateChip run={run} />
      </h1>
      {maxSteps !== null && step !== null && run.state === 'live' && (
        <progress max={maxSteps} value={step} aria-label="Progress" />
      )}
      <dl class="facts">
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      {remarks.length > 0 && (
        <ul class="remarks">
          {remarks.map((remark) => (
            <li key={remark}>{remark}</li>
          ))}
        </ul>
      )}
    </header>
  );
}
