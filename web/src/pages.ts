/** The pages, by the first part of the route. A page is one file and one row. Pages that need much code are loaded lazily. */
import type { ComponentType } from 'preact';
import { lazy } from './lazy.tsx';
import { RunPage } from './run-page.tsx';
import { RunsPage } from './runs-page.tsx';

export interface Page {
  /** The first part of the route. */
  readonly id: string;
  /** The text of its link in the header, or undefined if the header has none. */
  readonly link?: string;
  /** The page highlights this link while it is open. */
  readonly under?: string;
  readonly component: ComponentType;
}

export const pages: readonly Page[] = [
  { id: 'runs', link: 'Runs', component: RunsPage },
  { id: 'run', under: 'runs', component: RunPage },
  {
    id: 'try',
    link: 'Try it',
    component: lazy(() => import('./try/try-page.tsx').then(({ TryPage }) => TryPage)),
  },
  {
    id: 'train',
    link: 'Train here',
    component: lazy(() => import('./train/train-page.tsx').then(({ TrainPage }) => TrainPage)),
  },
];
