/** The fragment of the page's address: `#/run/ID/log?x=time` has the parts `run`, `ID` and `log`, and the query `x=time`. The state
 * of a view that people may want to share or keep is in the query. */

export interface Route {
  readonly parts: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

export function parseRoute(fragment: string): Route {
  const [path = '', query = ''] = fragment.replace(/^#?\/?/, '').split('?', 2);
  return {
    parts: path.split('/').filter((part) => part !== ''),
    query: Object.fromEntries(new URLSearchParams(query)),
  };
}

/** Returns the fragment of a route. The characters of ids and lists stay readable. */
export function formatRoute({ parts, query }: Route): string {
  const entries = Object.entries(query).filter(([, value]) => value !== '');
  const words = entries.map(([name, value]) => `${name}=${encodeURIComponent(value).replaceAll('%2C', ',')}`);
  return `#/${parts.join('/')}${words.length > 0 ? `?${words.join('&')}` : ''}`;
}

/** Returns a route with other values in its query. An undefined value is removed. */
export function withQuery(route: Route, changes: Readonly<Record<string, string | undefined>>): Route {
  const query: Record<string, string> = { ...route.query };
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete query[name];
    else query[name] = value;
  }
  return { ...route, query };
}

/** What people chose for all charts. */
const chartNames = ['show', 'smooth', 'scale', 'x', 'range', 'tags'];

/** Returns the part of a query that the links to other pages keep: what the charts show. */
export function chartQuery(query: Route['query']): Route['query'] {
  return Object.fromEntries(Object.entries(query).filter(([name]) => chartNames.includes(name)));
}
