/** Follows `data/changes`, the server-sent events of a live server. */
import type { Change } from '../../src/dashboard/wire.ts';
import { applyChange, reloadRuns } from './runs.ts';
import { Store } from './store.ts';

/** `none`: the files do not change, as in an export. `lost`: the connection is being opened again. */
export const connection = new Store<'none' | 'open' | 'lost'>('none');
const retryMillis = 3000;

export function followChanges(): void {
  const source = new EventSource('data/changes');
  source.onopen = () => {
    // Changes since the list was fetched, or since the connection was lost, were not sent.
    void reloadRuns();
    connection.set('open');
  };
  source.onmessage = ({ data }: MessageEvent<string>) => applyChange(JSON.parse(data) as Change);
  source.onerror = () => {
    connection.set('lost');
    // The browser opens a connection that broke again, but not one that was refused.
    if (source.readyState === EventSource.CLOSED) setTimeout(followChanges, retryMillis);
  };
}
