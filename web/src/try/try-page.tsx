/** Try it: a picture is classified and explained in the browser, with the newest checkpoint of a run or an exported ONNX file. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { messageOf } from '../../../src/errors.ts';
import type { Insight } from '../../../src/page/page-model.ts';
import { fetchResource } from '../client.ts';
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

export function TryPage() {
  const { list } = useRunList();
  const runs = newestFirst(list?.runs ?? []).filter(({ has }) => has.checkpoint);
  const [chosen, setChosen] = useState<string>();
  const source = chosen ?? runs[0]?.id ?? ownFile;
  const [opened, setOpened] = useState<OpenedModel>();
  const [file, setFile] = useState<File>();
  const [picture, setPicture] = useState<PicturePixels>();
  const [insight, setInsight] = useState<Insight>();
  const [error, setError] = useState<string>();
  const [progress, setProgress] = useState<ProgressEvent & { readonly kind: 'loading' }>();
  const [hasCamera, setCamera] = useState(false);
  const client = useRef<WorkerClient | undefined>(undefined);
  const worker = () => {
    client.current ??= new WorkerClient((event) => {
      if (event.kind === 'loading') setProgress(event.done < 1 ? event : undefined);
    });
    return client.current;
  };
  useEffect(() => () => client.current?.close(), []);

  const attempt = (work: Promise<unknown>) => {
    setError(undefined);
    work.catch((reason: unknown) => setError(messageOf(reason)));
  };
  const explain = async (of: PicturePixels, explained: number | null) =>
    setInsight(await worker().call('explain', { picture: of, explained }));
  const open = async (bytes: Uint8Array) => {
    const found = await worker().call('openModel', bytes);
    setOpened(found);
    if (picture !== undefined) await explain(picture, null);
  };
  const openFile = async (model: File) => {
    if (model.size > mostModelBytes)
      throw new Error(
        `${model.name} has ${Math.round(model.size / 1e6)} MB, expected at most ${mostModelBytes / 1e6} MB`,
      );
    const bytes = new Uint8Array(await model.arrayBuffer());
    await open(bytes).catch((reason: unknown) => {
      throw new Error(`${model.name}: ${messageOf(reason)}`);
    });
    setFile(model);
    setChosen(ownFile);
  };
  useEffect(() => {
    if (source === ownFile) return;
    setOpened(undefined);
    setInsight(undefined);
    attempt(
      fetchResource<ArrayBuffer>(`${source}/checkpoint.safetensors`, 'bytes').then((bytes) =>
        open(new Uint8Array(bytes)),
      ),
    );
  }, [source]);

  const take = async (taken: PicturePixels) => {
    setPicture(taken);
    if (opened === undefined)
      throw new Error('Choose a model first: a run with a checkpoint, or an ONNX file.');
    await explain(taken, null);
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
        {opened !== undefined && (
          <p class="hint">
            {opened.classes.length} classes, weights after {opened.globalStep.toLocaleString('en-US')} steps
          </p>
        )}
      </div>
      {error !== undefined && (
        <p class="message failure" role="alert">
          {error}
        </p>
      )}
      {insight !== undefined && opened !== undefined && picture !== undefined && (
        <Explanation
          insight={insight}
          classes={opened.classes}
          onExplain={(index) => attempt(explain(picture, index))}
        />
      )}
    </section>
  );
}
