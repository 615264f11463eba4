/** The log in which Chromium itself lists its requests (`--log-net-log`). It also has those that playwright-core does not see, such as
 * the requests of workers and of the browser. */
import { readFileSync } from 'node:fs';

interface NetLog {
  readonly constants: { readonly logEventTypes: Readonly<Record<string, number>> };
  readonly events: readonly {
    readonly type: number;
    readonly params?: { readonly url?: string; readonly initiator?: string };
  }[];
}

/** What Chromium names as the origin of its own requests, and of addresses that were typed. */
const ofBrowser = 'not an origin';

/** Returns the addresses that pages and their workers requested, each once.
 * @param path the complete file, as it is after the browser was closed */
export function requestedAddresses(path: string): readonly string[] {
  const { constants, events } = JSON.parse(readFileSync(path, 'utf8')) as NetLog;
  const begins = constants.logEventTypes['URL_REQUEST_START_JOB'];
  const addresses = events
    .filter(({ type, params }) => type === begins && (params?.initiator ?? ofBrowser) !== ofBrowser)
    .map(({ params }) => params?.url ?? '');
  return [...new Set(addresses)];
}
