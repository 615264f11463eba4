/** Prints the events that occur while a data set is downloaded or generated. */
import type { DataEvent } from '../data/events.ts';
import type { PreparationEvent } from '../run/ensure-dataset.ts';
import type { Console } from './console.ts';
import { inFlags } from './option-flags.ts';
import { withBar } from './progress-line.ts';

/** Returns a function that prints the events of a data set. The progress of a download is printed as in the tutorial: on a
 * terminal as one line that is redrawn, and otherwise as a new line for every 10%.
 * @param ready prints the last line, which says that the data set is ready */
export function dataReporter(console: Console, ready: Console['line']): (event: DataEvent) => void {
  let tenths = -1;
  return (event) => {
    if (event.kind !== 'progress') console.progress(undefined);
    switch (event.kind) {
      case 'progress': {
        const { name, received, bytes } = event;
        const share = (received / bytes) * 100;
        const line = `>> Downloading ${name} ${share.toFixed(1)}%`;
        console.progress((columns) => withBar(line, share / 100, columns));
        if (Math.floor(share / 10) === tenths) return;
        tenths = Math.floor(share / 10);
        if (!console.drawsProgress) console.line(line, { ...event });
        return;
      }
      case 'waiting':
        console.line(inFlags(event.text), { ...event, text: inFlags(event.text) });
        return;
      case 'drawing':
        console.line(`Drawing the generated set in ${event.folder}`, { ...event });
        console.progress(() => 'drawing images …');
        return;
      case 'downloaded':
        console.line(`Successfully downloaded ${event.name} ${event.bytes} bytes.`, { ...event });
        return;
      case 'extracting':
        console.line(`Extracting ${event.tarball}`, { ...event });
        console.progress(() => 'extracting and verifying …');
        return;
      case 'ready':
        ready(`${event.folder} ${event.already ? 'already exists and is complete' : 'is ready'}`, {
          ...event,
        });
        return;
    }
  };
}

/** Returns a function that prints the events of preparation, which are the same for training and evaluation. */
export function preparationReporter(console: Console): (event: PreparationEvent) => void {
  const onData = dataReporter(console, console.line);
  return (event) => {
    switch (event.kind) {
      case 'warning':
        console.warn(event.message);
        return;
      case 'data':
        onData(event.event);
        return;
      case 'reading':
        console.progress(() => `reading ${event.dataset.title} …`);
        return;
    }
  };
}
