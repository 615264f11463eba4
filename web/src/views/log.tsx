/** The console log. It stays at its end while it grows, unless the visitor scrolled up. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { chosenLines, plainLog } from '../../../src/dashboard/page/log-text.ts';
import { useResource } from '../client.ts';
import { Failure, Loading } from '../message.tsx';
import type { ViewProps } from '../views.ts';

const mostLines = 5000;

export function LogView({ run }: ViewProps) {
  const { value, error } = useResource<string>(`${run.id}/log.txt`, 'text');
  const [filter, setFilter] = useState('');
  const box = useRef<HTMLTextAreaElement>(null);
  const isAtEnd = useRef(true);
  const plain = useMemo(() => plainLog(value ?? ''), [value]);
  const lines = useMemo(() => chosenLines(plain, filter, mostLines), [plain, filter]);
  useEffect(() => {
    if (isAtEnd.current && box.current !== null) box.current.scrollTop = box.current.scrollHeight;
  }, [lines]);
  if (error !== undefined) return <Failure error={error} />;
  if (value === undefined) return <Loading />;
  return (
    <section class="panel" aria-label="Console log">
      <div class="toolbar">
        <label>
          <span>Lines</span>
          <input
            type="search"
            placeholder="Filter"
            value={filter}
            onInput={({ currentTarget }) => setFilter(currentTarget.value)}
          />
        </label>
        <span class="hint" role="status">
          {lines.length} lines
        </span>
      </div>
      <textarea
        ref={box}
        class="log"
        readOnly
        rows={30}
        wrap="off"
        spellcheck={false}
        aria-label="Lines of the log"
        value={lines.join('\n')}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < 30;
        }}
      />
    </section>
  );
}
