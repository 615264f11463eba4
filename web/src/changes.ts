/** Follows `data/changes`, the server-sent events of a live server. */
import type { Change } from '../../src/dashboard/wire.ts';
import { applyChange, reloadRuns } from './runs.ts';
import { Store } from './store.ts';

/** `none`: the files do not change, as in an export. `lost`: the connection is being opened again. */
export const connection = new Store<'none' | 'open' | 'lost'>('none');
const retryMillis = 3000;

/** How long the page waits for the first connection before it shows what it has. */
const patienceMillis = 500;

/** Opens the connection, again and again. Resolves when it is open for the first time, or does not open soon. */
export function followChanges(): Promise<void> {
  return new Promise((resolve) => {
    let isWaiting = true;
    const begin = () => {
      isWaiting = false;
      resolve();
    };
    setTimeout(begin, patienceMillis);
    // Changes since the list was fetched, or since the connection was lost, were not sent.
    connect(() => (isWaiting ? begin() : void reloadRuns()));
  });
}

function connect(onOpen: () => void): void {
  const source = new EventSource('data/changes');
  source.onopen = () => {
    onOpen();
    connection.set('open');
  };
  source.onmessage = ({ data }: MessageEvent<string>) => applyChange(JSON.parse(data) as Change);
  source.onerror = () => {
    connection.set('lost');
    // The browser opens a connection that broke again, but not one that was refused.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => connect(onOpen), retryMillis);
  };
}
