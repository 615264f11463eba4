/** The shell: the header with the links to the pages, and the page of the route. */
import { useEffect, useRef } from 'preact/hooks';
import { connection, followChanges } from './changes.ts';
import { ErrorBoundary } from './error-boundary.tsx';
import { Failure, Loading } from './message.tsx';
import { linkTo, useRoute } from './navigation.ts';
import { pages } from './pages.ts';
import { loadRuns, useRunList } from './runs.ts';
import { useStore } from './store.ts';
import { theme, toggleTheme } from './theme.ts';

export function App() {
  const { parts } = useRoute();
  const [id = 'runs', runId = ''] = parts;
  const page = pages.find((page) => page.id === id) ?? pages[0];
  const main = useRef<HTMLElement>(null);
  useEffect(() => {
    void loadRuns(followChanges);
  }, []);
  useEffect(() => scrollTo(0, 0), [id, runId]);
  const { list, error } = useRunList();
  const folder = list?.folder ?? '';
  useEffect(() => {
    document.title = folder === '' ? 'cifar10' : `${folder} – cifar10`;
  }, [folder]);
  if (page === undefined) return null;
  const Shown = page.component;
  return (
    <>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <Header folder={folder} active={page.under ?? page.id} />
      <main ref={main} tabIndex={-1}>
        {error !== undefined && list === undefined ? <Failure error={error} /> : undefined}
        {list === undefined && error === undefined ? (
          <Loading />
        ) : (
          <ErrorBoundary key={`${page.id}/${runId}`}>
            <Shown key={page.id} />
          </ErrorBoundary>
        )}
      </main>
    </>
  );
}

function Header({ folder, active }: { readonly folder: string; readonly active: string }) {
  const isDark = useStore(theme) === 'dark';
  return (
    <header class="top">
      <a class="brand" href={linkTo(['runs'])}>
        cifar10
      </a>
      {folder !== '' && (
        <span class="folder" title={folder}>
          {folder}
        </span>
      )}
      <nav aria-label="Pages">
        {pages.map(({ id, link }) =>
          link === undefined ? undefined : (
            <a key={id} class="tab" href={linkTo([id])} aria-current={id === active ? 'page' : undefined}>
              {link}
            </a>
          ),
        )}
      </nav>
      <Connection />
      <button
        type="button"
        class="quiet theme"
        onClick={toggleTheme}
        aria-pressed={isDark}
        aria-label="Dark theme"
      >
        <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
          <circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" stroke-width="1.5" />
          <path d="M8 1.5a6.5 6.5 0 0 1 0 13z" fill="currentColor" />
        </svg>
      </button>
    </header>
  );
}

const words = {
  none: '',
  open: 'live',
  lost: 'The connection is lost. Trying again…',
} as const;

function Connection() {
  const state = useStore(connection);
  return (
    <span class={`connection ${state}`} role="status">
      {words[state]}
    </span>
  );
}
