/**
 * Explains the picture that was chosen last with the model that was chosen last. Models take time to open, and people do not wait:
 * replies that are no longer wanted are ignored, and a picture that arrives while a model opens is explained when it is open.
 */

/** The computations. They are done in the order of their calls. */
export interface ExplainerCalls<Model, Picture, Insight> {
  /** Opens a model in the place of the one before it, which stays if this fails. */
  readonly open: (file: Uint8Array) => Promise<Model>;
  /** @param explained the class, or null for the most probable one */
  readonly explain: (picture: Picture, explained: number | null) => Promise<Insight>;
}

/** A picture with what its model made of it. */
export interface Explained<Model, Picture, Insight> {
  readonly model: Model;
  readonly picture: Picture;
  readonly insight: Insight;
}

export interface ExplainerState<Model, Picture, Insight> {
  /** The model that is open. */
  readonly model?: Model;
  readonly shown?: Explained<Model, Picture, Insight>;
}

export class Explainer<Model, Picture, Insight> {
  readonly #calls: ExplainerCalls<Model, Picture, Insight>;
  readonly #onChange: (state: ExplainerState<Model, Picture, Insight>) => void;
  #state: ExplainerState<Model, Picture, Insight> = {};
  #picture: Picture | undefined;
  #explained: number | null = null;
  /** The model that the computations use, even if its reply is not wanted any more. */
  #inUse: Model | undefined;
  #openings = 0;
  #questions = 0;
  #isOpening = false;

  constructor(
    calls: ExplainerCalls<Model, Picture, Insight>,
    onChange: (state: ExplainerState<Model, Picture, Insight>) => void,
  ) {
    this.#calls = calls;
    this.#onChange = onChange;
  }

  /** Whether no model is open and none is being opened. */
  get isEmpty(): boolean {
    return this.#inUse === undefined && !this.#isOpening;
  }

  /** Opens a model, and explains the picture with it.
   * @param isSame whether it is a newer version of the same model. What is shown then stays until the new explanation is there
   * @returns false if another model was chosen meanwhile, so that this one is not shown
   * @throws Error when the file cannot be loaded or opened. The model before it is then used again */
  async open(load: () => Promise<Uint8Array>, isSame: boolean): Promise<boolean> {
    const number = ++this.#openings;
    this.#questions++;
    this.#isOpening = true;
    if (!isSame) {
      this.#explained = null;
      this.#change({});
    }
    try {
      const file = await load();
      if (number !== this.#openings) return false;
      this.#inUse = await this.#calls.open(file);
    } catch (error) {
      if (number !== this.#openings) return false;
      await this.#opened().catch(() => undefined);
      throw error;
    }
    if (number !== this.#openings) return false;
    await this.#opened();
    return true;
  }

  /** Explains another picture.
   * @throws Error when no model is open and none is being opened */
  async take(picture: Picture): Promise<void> {
    this.#picture = picture;
    this.#explained = null;
    if (this.#isOpening) return;
    if (this.#inUse === undefined)
      throw new Error('Choose a model first: a run with a checkpoint, or an ONNX file.');
    await this.#ask();
  }

  /** Explains another class of the same picture. */
  async explain(index: number): Promise<void> {
    this.#explained = index;
    await this.#ask();
  }

  /** Notes that the computations have ended, and their model with them. */
  lose(): void {
    this.#inUse = undefined;
    this.#questions++;
    this.#change({});
  }

  async #opened(): Promise<void> {
    this.#isOpening = false;
    const model = this.#inUse;
    this.#change({ ...this.#state, ...(model !== undefined && { model }) });
    await this.#ask();
  }

  async #ask(): Promise<void> {
    const [model, picture] = [this.#inUse, this.#picture];
    if (model === undefined || picture === undefined || this.#isOpening) return;
    const number = ++this.#questions;
    try {
      const insight = await this.#calls.explain(picture, this.#explained);
      if (number === this.#questions) this.#change({ model, shown: { model, picture, insight } });
    } catch (error) {
      if (number === this.#questions) throw error;
    }
  }

  #change(state: ExplainerState<Model, Picture, Insight>): void {
    this.#state = state;
    this.#onChange(state);
  }
}
