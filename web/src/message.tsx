/** What a view shows when it has nothing else: it loads, it failed, or there is nothing yet. */
import type { ComponentChildren } from 'preact';

export function Loading() {
  return (
    <p class="message" role="status">
      Loading…
    </p>
  );
}

export function Failure({ error }: { readonly error: string }) {
  return (
    <p class="message failure" role="alert">
      {error}
    </p>
  );
}

/** An empty view. It says what to do. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      <div class="empty-text">{children}</div>
    </div>
  );
}
