/** The views of a run, in the order of their links. A view is one file and one row. */
import type { ComponentType } from 'preact';
import type { RunSummary } from '../../src/dashboard/wire.ts';
import { lazy } from './lazy.tsx';
import { CurvesOfRun } from './views/curves.tsx';
import { EvaluationsView } from './views/evaluations.tsx';
import { FiltersView } from './views/filters.tsx';
import { HistogramsView } from './views/histograms.tsx';
import { ImagesView } from './views/images.tsx';
import { LogView } from './views/log.tsx';
import { MistakesView } from './views/mistakes.tsx';
import { SettingsView } from './views/settings.tsx';

export interface ViewProps {
  readonly run: RunSummary;
}

export interface View {
  /** The part of the route after the id of the run. */
  readonly id: string;
  readonly title: string;
  /** Whether a run has what the view shows. Its link is hidden otherwise. */
  readonly isOffered: (run: RunSummary) => boolean;
  readonly component: ComponentType<ViewProps>;
}

export const views: readonly View[] = [
  { id: 'curves', title: 'Curves', isOffered: () => true, component: CurvesOfRun },
  {
    ...{ id: 'histograms', title: 'Histograms', component: HistogramsView },
    isOffered: ({ histograms }) => histograms.length > 0,
  },
  {
    ...{ id: 'images', title: 'Images', component: ImagesView },
    isOffered: ({ images }) => images.length > 0,
  },
  { id: 'filters', title: 'Filters', isOffered: ({ has }) => has.checkpoint, component: FiltersView },
  {
    ...{ id: 'layers', title: 'What it sees' },
    isOffered: ({ has, images }) => has.checkpoint && (has.evaluations || images.length > 0),
    component: lazy(() => import('./views/layers.tsx').then(({ LayersView }) => LayersView)),
  },
  {
    ...{ id: 'mistakes', title: 'Confusion and mistakes', component: MistakesView },
    isOffered: ({ has }) => has.evaluations,
  },
  {
    ...{ id: 'evaluations', title: 'Evaluations', component: EvaluationsView },
    isOffered: ({ has }) => has.evaluations,
  },
  {
    ...{ id: 'settings', title: 'Settings', component: SettingsView },
    isOffered: ({ settings }) => Object.keys(settings).length > 0,
  },
  { id: 'log', title: 'Log', isOffered: ({ has }) => has.log, component: LogView },
];
