/** The settings of the run, as flags of `train`. */
import { useState } from 'preact/hooks';
import { matchesFilter } from '../../../src/dashboard/page/tags.ts';
import type { ViewProps } from '../views.ts';

export function SettingsView({ run }: ViewProps) {
  const [filter, setFilter] = useState('');
  const rows = Object.entries(run.settings).filter(([name, value]) =>
    matchesFilter(`${name} ${value}`, filter),
  );
  return (
    <section class="panel" aria-label="Settings">
      <div class="toolbar">
        <label>
          <span>Settings</span>
          <input
            type="search"
            placeholder="Filter"
            value={filter}
            onInput={({ currentTarget }) => setFilter(currentTarget.value)}
          />
        </label>
      </div>
      <table class="list">
        <thead>
          <tr>
            <th scope="col">Setting</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td class="value">{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 && <p class="message">No setting matches the filter.</p>}
    </section>
  );
}
