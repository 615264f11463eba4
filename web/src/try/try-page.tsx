/** Try it: a picture is classified and explained in the browser, with the newest checkpoint of a run or an exported ONNX file. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../../src/errors.ts';
import { Explainer, type ExplainerState } from '../../../src/page/explainer.ts';
import type { Insight } from '../../../src/page/page-model.ts';
import { fetchResource, useResource } from '../client.ts';
import { newestFirst, useRunList } from '../runs.ts';
import { WorkerClient } from '../worker/client.ts';
import type { OpenedModel, PicturePixels, ProgressEvent } from '../worker/messages.ts';
import { Camera } from './camera.tsx';
import { Explanation } from './explanation.tsx';
import { FileButton } from './file-button.tsx';
import { pixelsOfFile } from './pixels-of.ts';

const ownFile = 'file';
/** Larger models are refused, because they would not fit into the memory of a page. */
const mostModelBytes = 500_000_000;

export type TryState = ExplainerState<OpenedModel, PicturePixels, Insight>;
export type Loading = ProgressEvent & { readonly kind: 'loading' };

export interface Made {
  readonly client: WorkerClient;
  readonly explainer: Explainer<OpenedModel, PicturePixels, Insight>;
}

export function makeExplainer(
  onState: (state: TryState) => void,
  onProgress: (progress: Loading | undefined) => void,
): Made {
  const client = new WorkerClient(
    (event) => {
      if (event.kind === 'loading') onProgress(event.done < 1 ? event : undefined);
    },
    () => explainer.lose(),
  );
  const explainer = new Explainer<OpenedModel, PicturePixels, Insight>(
    {
      open: (file) => client.call('openModel', file),
      explain: (picture, explained) => client.call('explain', { picture, explained }),
    },
    onState,
  );
  return { client, explainer };
}

export function TryPage() {
  const { list } = useRunList();
  const runs = newestFirst(list?.runs ?? []).filter(({ has }) => has.checkpoint);
  const [chosen, setChosen] = useState<string>();
  const source = chosen ?? runs[0]?.id ?? ownFile;
  const [{ model, shown }, setState] = useState<TryState>({});
  const [file, setFile] = useState<File>();
  const [error, setError] = useState<string>();
  const [progress, setProgress] = useState<Loading>();
  const [hasCamera, setCamera] = useState(false);
  const made = useRef<Made | undefined>(undefined);
  const explainer = () => {
    made.current ??= makeExplainer(setState, setProgress);
    return made.current.explainer;
  };
  useEffect(() => () => made.current?.client.close(), []);

  const attempt = (work: Promise<unknown>) => {
    setError(undefined);
    work.catch((reason: unknown) => setError(messageOf(reason)));
  };
  const openFile = async (chosenFile: File) => {
    const { name, size } = chosenFile;
    if (size > mostModelBytes)
      throw new Error(
        `${name} has ${Math.round(size / 1e6)} MB, expected at most ${mostModelBytes / 1e6} MB`,
      );
    const load = async () => new Uint8Array(await chosenFile.arrayBuffer());
    const isShown = await explainer()
      .open(load, false)
      .catch((reason: unknown) => {
        throw new Error(`${name}: ${messageOf(reason)}`);
      });
    if (!isShown) return;
    setFile(chosenFile);
    setChosen(ownFile);
  };
  const path = `${source}/checkpoint.safetensors`;
  const openRun = (isSame: boolean) =>
    explainer().open(async () => new Uint8Array(await fetchResource<ArrayBuffer>(path, 'bytes')), isSame);
  // The checkpoint of a run that trains changes.
  const { value: checkpoint } = useResource<ArrayBuffer>(source === ownFile ? undefined : path, 'bytes');
  const opened = useRef<
    { readonly source: string; readonly checkpoint: ArrayBuffer | undefined } | undefined
  >(undefined);
  useEffect(() => {
    const { current: before } = opened;
    opened.current = { source, checkpoint };
    if (source === ownFile) return;
    if (before?.source !== source) attempt(openRun(false));
    else if (before.checkpoint !== undefined && checkpoint !== before.checkpoint) attempt(openRun(true));
  }, [source, checkpoint]);

  const take = async (taken: PicturePixels) => {
    // The worker that had the model may have failed.
    const opening = explainer().isEmpty && source !== ownFile ? openRun(false) : undefined;
    await explainer().take(taken);
    await opening;
  };
  const receive = async (files: readonly File[]) => {
    const [first] = files;
    if (first === undefined) throw new Error('That was no file. Drop or paste a picture.');
    const isModel = /\.(onnx|safetensors)$/i.test(first.name);
    await (isModel ? openFile(first) : pixelsOfFile(first).then(take));
  };
  useEffect(() => {
    const paste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length > 0) attempt(receive(files));
    };
    addEventListener('paste', paste);
    return () => removeEventListener('paste', paste);
  });

  return (
    <section class="try" aria-label="Try it">
      <h1>Try it</h1>
      <p class="hint">The network runs in this browser. No picture leaves this machine.</p>
      <div class="toolbar">
        <label>
          <span>Model</span>
          <select value={source} onChange={({ currentTarget }) => setChosen(currentTarget.value)}>
            {runs.map(({ id, path, step }) => (
              <option key={id} value={id}>
                {path} {step === null ? '' : `(step ${step})`}
              </option>
            ))}
            <option value={ownFile}>{file?.name ?? 'An ONNX file or checkpoint…'}</option>
          </select>
        </label>
        <FileButton
          text="Open a model"
          accept=".onnx,.safetensors"
          onFiles={([model]) => model !== undefined && attempt(openFile(model))}
        />
      </div>
      <fieldset
        class="drop panel"
        aria-label="A picture"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          attempt(receive([...(event.dataTransfer?.files ?? [])]));
        }}
      >
        <p>Drop a picture here, paste one, or:</p>
        <div class="toolbar">
          <FileButton text="Choose a picture" accept="image/*" onFiles={(files) => attempt(receive(files))} />
          <button type="button" onClick={() => setCamera(true)} disabled={hasCamera}>
            Use the camera
          </button>
        </div>
        {hasCamera && (
          <Camera
            button="Take a picture"
            every={0}
            onPicture={(taken) => attempt(take(taken))}
            onClose={() => setCamera(false)}
          />
        )}
      </fieldset>
      <div role="status">
        {progress !== undefined && (
          <label class="loading">
            {progress.what} <progress max={1} value={progress.done} />
          </label>
        )}
        {model !== undefined && (
          <p class="hint">
            {model.classes.length} classes, weights after {model.globalStep.toLocaleString('en-US')} steps,
            computed by {model.device}
          </p>
        )}
      </div>
      {error !== undefined && (
        <p class="message failure" role="alert">
          {error}
        </p>
      )}
      {shown !== undefined && (
        <Explanation
          insight={shown.insight}
          classes={shown.model.classes}
          onExplain={(index) => attempt(explainer().explain(index))}
        />
      )}
    </section>
  );
}
