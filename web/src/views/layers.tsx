/** What each layer sees: pictures that the run has, computed by its newest checkpoint in the browser, as on the page Try it. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { formatWhole } from '../../../src/dashboard/page/format.ts';
import { pictureAddress } from '../../../src/dashboard/page/picture-address.ts';
import { type ShownPicture, shownPictures } from '../../../src/dashboard/page/shown-pictures.ts';
import type { EvaluationList, ImageList } from '../../../src/dashboard/wire.ts';
import { messageOf } from '../../../src/errors.ts';
import { fetchResource, useResource } from '../client.ts';
import { Empty, Failure, Loading } from '../message.tsx';
import { linkTo } from '../navigation.ts';
import { Explanation } from '../try/explanation.tsx';
import { pixelsOfFile } from '../try/pixels-of.ts';
import { makeExplainer, type Loading as Progress, type TryState } from '../try/try-page.tsx';
import type { ViewProps } from '../views.ts';

export function LayersView({ run }: ViewProps) {
  const { id, has, images } = run;
  const list = useResource<EvaluationList>(has.evaluations ? `${id}/evaluations.json` : undefined, 'json');
  const recorded = useResource<ImageList>(images.length > 0 ? `${id}/images.json` : undefined, 'json');
  const isLoading =
    (has.evaluations && list.value === undefined && list.error === undefined) ||
    (images.length > 0 && recorded.value === undefined && recorded.error === undefined);
  if (isLoading) return <Loading />;
  const pictures = shownPictures(list.value, recorded.value);
  if (pictures.length === 0) {
    return (
      <Empty title="No pictures">
        Pictures come from a report (<code>eval --report</code>) and from summaries. Or use a picture of your
        own: <a href={linkTo(['try'])}>Try it</a>
      </Empty>
    );
  }
  return <PictureLayers key={id} id={id} pictures={pictures} />;
}

interface LayersProps {
  readonly id: string;
  readonly pictures: readonly ShownPicture[];
}

function PictureLayers({ id, pictures }: LayersProps) {
  const [{ model, shown }, setState] = useState<TryState>({});
  const [progress, setProgress] = useState<Progress>();
  const [error, setError] = useState<string>();
  /** The address of the chosen picture. The path alone may be another picture later. */
  const [chosen, setChosen] = useState<string>();
  const wanted = useRef<string | undefined>(undefined);
  const made = useRef<ReturnType<typeof makeExplainer> | undefined>(undefined);
  const explainer = () => {
    made.current ??= makeExplainer(setState, setProgress);
    return made.current.explainer;
  };
  useEffect(() => () => made.current?.client.close(), []);
  const attempt = (work: Promise<unknown>) => {
    setError(undefined);
    work.catch((reason: unknown) => setError(messageOf(reason)));
  };
  const path = `${id}/checkpoint.safetensors`;
  const open = (isSame: boolean) =>
    explainer().open(async () => new Uint8Array(await fetchResource<ArrayBuffer>(path, 'bytes')), isSame);
  const addressOf = ({ path, key }: ShownPicture) => pictureAddress(`${id}/${path}`, key);
  const choose = async (picture: ShownPicture) => {
    const address = addressOf(picture);
    wanted.current = address;
    setChosen(address);
    const bytes = await fetchResource<ArrayBuffer>(address.slice('data/'.length), 'bytes');
    const pixels = await pixelsOfFile(new File([bytes], picture.title, { type: 'image/png' }));
    if (wanted.current !== address) return;
    const opening = explainer().isEmpty ? open(false) : undefined;
    await explainer().take(pixels);
    await opening;
  };
  // The checkpoint of a run that trains changes.
  const { value: checkpoint } = useResource<ArrayBuffer>(chosen === undefined ? undefined : path, 'bytes');
  const before = useRef<ArrayBuffer | undefined>(undefined);
  useEffect(() => {
    if (before.current !== undefined && checkpoint !== undefined && checkpoint !== before.current)
      attempt(open(true));
    before.current = checkpoint;
  }, [checkpoint]);
  return (
    <>
      <section class="panel" aria-label="Pictures">
        <h2>Choose a picture</h2>
        <p class="hint">The newest checkpoint of the run classifies it, in this browser.</p>
        <ul class="pictures choices">
          {pictures.map((picture) => (
            <li key={addressOf(picture)}>
              <button
                type="button"
                aria-pressed={addressOf(picture) === chosen}
                title={picture.title}
                onClick={() => attempt(choose(picture))}
              >
                <img class="small" src={addressOf(picture)} alt={picture.title} />
              </button>
            </li>
          ))}
        </ul>
        <div role="status">
          {progress !== undefined && (
            <label class="loading">
              {progress.what} <progress max={1} value={progress.done} />
            </label>
          )}
          {model !== undefined && (
            <p class="hint">
              Weights after {formatWhole(model.globalStep)} steps, computed by {model.device}
            </p>
          )}
        </div>
        {error !== undefined && <Failure error={error} />}
      </section>
      {shown !== undefined && (
        <Explanation
          insight={shown.insight}
          classes={shown.model.classes}
          onExplain={(index) => attempt(explainer().explain(index))}
        />
      )}
    </>
  );
}
