/** The classes of the user's own pictures: their names, and pictures from files, folders and the camera. */
import { useState } from 'preact/hooks';
import { fitToSquare } from '../../../src/page/fit-pixels.ts';
import { pageClasses } from '../../../src/page/page-examples.ts';
import { Camera } from '../try/camera.tsx';
import { FileButton } from '../try/file-button.tsx';
import { rgbaOfPlanes } from '../try/paint.ts';
import { PixelCanvas } from '../try/pixel-canvas.tsx';
import { pixelsOfFile } from '../try/pixels-of.ts';
import type { PicturePixels, StoredPicture } from '../worker/messages.ts';

/** A picture, [3, 32, 32], with the number of its recording if it was recorded. */
export type OwnPicture = Omit<StoredPicture, 'label'>;

/** A class with its pictures. */
export interface OwnClass {
  readonly name: string;
  readonly pictures: readonly OwnPicture[];
}

const [size, shown, recordEvery] = [32, 12, 120];

interface EditorProps {
  readonly classes: readonly OwnClass[];
  readonly onChange: (change: (classes: readonly OwnClass[]) => readonly OwnClass[]) => void;
  readonly onError: (error: string) => void;
}

export function ClassesEditor({ classes, onChange, onError }: EditorProps) {
  const [recorded, setRecorded] = useState<number>();
  const change = (index: number, part: (old: OwnClass) => Partial<OwnClass>) =>
    onChange((all) => all.map((one, at) => (at === index ? { ...one, ...part(one) } : one)));
  const add = (index: number, pictures: readonly OwnPicture[]) =>
    change(index, (old) => ({ pictures: [...old.pictures, ...pictures] }));
  const addFiles = async (index: number, files: readonly File[]) => {
    const { pictures, problems } = await picturesOf(files);
    add(index, pictures);
    if (problems.length > 0) onError(problems.slice(0, 3).join(' '));
  };
  return (
    <div class="classes">
      {classes.map(({ name, pictures }, index) => (
        <fieldset
          key={index}
          class="panel"
          aria-label={`Class ${index + 1}`}
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => {
            event.preventDefault();
            void addFiles(index, [...(event.dataTransfer?.files ?? [])]);
          }}
        >
          <label>
            Name{' '}
            <input
              type="text"
              value={name}
              onInput={({ currentTarget: { value } }) => change(index, () => ({ name: value }))}
            />
          </label>
          <div class="toolbar">
            <FileButton
              text="Add pictures"
              accept="image/*"
              isMultiple
              onFiles={(files) => void addFiles(index, files)}
            />
            <button type="button" onClick={() => setRecorded(recorded === index ? undefined : index)}>
              Camera
            </button>
            {classes.length > pageClasses.least && (
              <button type="button" onClick={() => onChange((all) => all.filter((_, at) => at !== index))}>
                Remove
              </button>
            )}
          </div>
          {recorded === index && (
            <Camera
              button="Hold to record"
              every={recordEvery}
              onPicture={(taken, sequence) => add(index, [{ pixels: planesOf(taken), sequence }])}
              onClose={() => setRecorded(undefined)}
            />
          )}
          <p class="hint" role="status">
            {pictures.length} pictures
          </p>
          <div class="examples">
            {pictures.slice(-shown).map(({ pixels }, at) => (
              <PixelCanvas
                key={at}
                pixels={rgbaOfPlanes(pixels)}
                width={size}
                height={size}
                label={`A picture of ${name}`}
              />
            ))}
          </div>
        </fieldset>
      ))}
      {classes.length < pageClasses.most && (
        <button
          type="button"
          onClick={() => onChange((all) => [...all, { name: `class ${all.length + 1}`, pictures: [] }])}
        >
          Add a class
        </button>
      )}
    </div>
  );
}

/** Decodes files. Those that are not pictures are reported and left out. */
export async function picturesOf(
  files: readonly File[],
): Promise<{ readonly pictures: readonly OwnPicture[]; readonly problems: readonly string[] }> {
  const pictures: OwnPicture[] = [];
  const problems: string[] = [];
  for (const file of files) {
    try {
      pictures.push({ pixels: planesOf(await pixelsOfFile(file)) });
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  return { pictures, problems };
}

/** Returns the central square of a picture as a record has it, [3, 32, 32]. */
function planesOf(picture: PicturePixels): Uint8Array {
  const fitted = fitToSquare(picture, size);
  const plane = size * size;
  return Uint8Array.from(
    { length: 3 * plane },
    (_, at) => fitted[3 * (at % plane) + Math.floor(at / plane)] ?? 0,
  );
}
