/** Prints the events of an export. */

import { differenceText } from '../export/compare.ts';
import type { ExportEvent } from '../export/export.ts';
import { exportFormats } from '../export/formats.ts';
import type { Console } from './console.ts';

const weightNames = { ema: 'moving averages', raw: 'raw weights' } as const;

/** Returns a function that prints an event. */
export function exportReporter(console: Console): (event: ExportEvent) => void {
  return (event) => {
    console.progress(undefined);
    switch (event.kind) {
      case 'warning':
        console.warn(event.message);
        return;
      case 'exporting': {
        const { path, metadata, weights, dataset, classes } = event.trained;
        const { globalStep, network } = metadata;
        console.line(
          `Exporting ${network.name}, trained on ${dataset.title}, step ${globalStep.toLocaleString('en-US')}, ${weightNames[weights]}, ` +
            `as ${exportFormats[event.format].summary}`,
          {
            kind: 'exporting',
            ...{ checkpoint: path, globalStep, network: network.name, dataset: dataset.name, weights },
            ...{ format: event.format, classes },
          },
        );
        console.progress(() => 'comparing with the live network …');
        return;
      }
      case 'compared': {
        const { pictures, largestDifference, sameClass } = event.comparison;
        const number = (count: number) => count.toLocaleString('en-US');
        console.line(
          `Compared with the live network on ${number(pictures)} ${event.pictures}: the largest difference in a probability is ` +
            `${differenceText(largestDifference)}; the same class for ${number(sameClass)}`,
          { kind: 'compared', ...event.comparison, source: event.pictures },
        );
        return;
      }
      case 'exported': {
        const list = event.files.map(({ path, bytes }) => `  ${path} (${sizeOf(bytes)})`).join('\n');
        console.result(`Written:\n${list}`, { ...event });
        return;
      }
    }
  };
}

function sizeOf(bytes: number): string {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3).toLocaleString('en-US')} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
