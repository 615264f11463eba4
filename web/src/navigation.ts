/** The route of the page, which is the fragment of its address. */
import {
  chartQuery,
  formatRoute,
  parseRoute,
  type Route,
  withQuery,
} from '../../src/dashboard/page/route.ts';
import { Store, useStore } from './store.ts';

const route = new Store<Route>(parseRoute(location.hash));
addEventListener('hashchange', () => route.set(parseRoute(location.hash)));

export function useRoute(): Route {
  return useStore(route);
}

/** Changes the query of the address. The history of the browser gets no new entry. */
export function changeQuery(changes: Readonly<Record<string, string | undefined>>): void {
  const next = withQuery(route.value, changes);
  history.replaceState(null, '', formatRoute(next));
  route.set(next);
}

/** Returns the address of another route. What the charts show is kept. */
export function linkTo(parts: readonly string[]): string {
  return formatRoute({ parts, query: chartQuery(route.value.query) });
}
