/** Prints the events of preparation: while a data set is downloaded or generated, and while devices are tried. */
import type { DataEvent } from '../data/events.ts';
import type { PreparationEvent } from '../run/ensure-dataset.ts';
import { counted, enumeration, oneLine } from '../wording.ts';
import type { Console } from './console.ts';
import { deviceEvent, deviceLines } from './device-lines.ts';
import { inFlags } from './option-flags.ts';
import { withBar } from './progress-line.ts';

/** Returns a function that prints the events of a data set. The progress of a download is printed as in the tutorial: on a
 * terminal as one line that is redrawn, and otherwise as a new line for every 10%.
 * @param ready prints the last line, which says that the data set is ready */
export function dataReporter(console: Console, ready: Console['line']): (event: DataEvent) => void {
  let tenths = -1;
  return (event) => {
    if (event.kind !== 'progress' && event.kind !== 'decoded') console.progress(undefined);
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
      case 'importing': {
        const { source, pictures, classes, reused } = event;
        const known = reused === 0 ? '' : `, ${counted(pictures - reused, 'picture')} new or changed`;
        console.line(
          `Importing ${counted(pictures, 'picture')} of ${counted(classes, 'class', 'classes')} from ${oneLine(source)}${known}`,
          { ...event },
        );
        return;
      }
      case 'decoded': {
        const { done, all } = event;
        const share = done / all;
        console.progress((columns) =>
          withBar(`decoding ${done} of ${counted(all, 'picture')}`, share, columns),
        );
        if (Math.floor(share * 10) === tenths) return;
        tenths = Math.floor(share * 10);
        if (!console.drawsProgress) console.line(`>> Decoded ${Math.round(share * 100)}%`, { ...event });
        return;
      }
      case 'notUsed':
        console.warn(notUsedText(event), { ...event });
        return;
      case 'leaks':
      case 'conflicts':
        console.warn(duplicatesText(event), { ...event });
        return;
      case 'imported':
        console.line(importedText(event), { ...event });
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
      case 'tryingDevice':
        console.progress(() => `trying ${event.device} …`);
        return;
      case 'device':
        console.line(deviceLines(event), deviceEvent(event));
        return;
    }
  };
}

type Of<Kind extends DataEvent['kind']> = DataEvent & { readonly kind: Kind };

function notUsedText({ count, examples, list }: Of<'notUsed'>): string {
  const lines = examples.map(({ path, reason }) => `  ${oneLine(path)}: ${reason}`);
  const more =
    count > examples.length
      ? [`  … and ${counted(count - examples.length, 'more', 'more')}; ${list} lists all`]
      : [];
  return [`${counted(count, 'file is', 'files are')} not used:`, ...lines, ...more].join('\n');
}

function duplicatesText({ kind, count, examples }: Of<'leaks' | 'conflicts'>): string {
  const lines = examples.map(([first, second]) => `  ${oneLine(first)} = ${oneLine(second)}`);
  const more = count > examples.length ? [`  … and ${counted(count - examples.length, 'more', 'more')}`] : [];
  const what =
    kind === 'leaks'
      ? 'to be tested on, but also trained on (the same pixels), so the precision will be too high'
      : 'in two classes (the same pixels)';
  return [`${counted(count, 'picture is', 'pictures are')} ${what}:`, ...lines, ...more].join('\n');
}

function testText(test: number, isGiven: boolean): string {
  if (isGiven) return '';
  return test === 0 ? ', because no class has two different pictures' : ' (selected by the seed)';
}

function importedText({ training, validation, test, isTestGiven }: Of<'imported'>): string {
  const parts = [
    `${counted(training, 'training image')}`,
    ...(validation > 0 ? [`${counted(validation, 'validation image')}`] : []),
    `${counted(test, 'test image')}${testText(test, isTestGiven)}`,
  ];
  return `Imported ${enumeration(parts)}`;
}
