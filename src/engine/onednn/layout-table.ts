/** The memory layouts of the tensors of a program. Equal layouts of tensors with the same dims and type are one object. */
import { type SlotType, stridesOf } from '../../ops/primitives.ts';
import type { Shape } from '../../tensor/tensor.ts';
import { elementSize } from './native/constants.ts';
import type { Handle, Onednn } from './native/onednn.ts';

/** How the elements of a tensor are arranged in memory. */
export interface Layout {
  /** `row-major`, or a name such as `layout 3`. The layouts that oneDNN chose are numbered in order of appearance. */
  readonly text: string;
  readonly dims: Shape;
  readonly type: SlotType;
  /** The number of bytes, including padding. */
  readonly bytes: number;
  /** oneDNN's memory descriptor. */
  readonly descriptor: Handle;
}

/** The dims and element type of a tensor. */
export interface TensorForm {
  readonly dims: Shape;
  readonly type: SlotType;
}

/** The part of the table that code needs if it uses no layouts other than row-major ones. */
export type RowMajorLayouts = Pick<LayoutTable, 'rowMajor'>;

export class LayoutTable {
  readonly #onednn: Onednn;
  /** The layouts by type and dims. */
  readonly #layouts = new Map<string, Layout[]>();
  #numbered = 0;

  constructor(onednn: Onednn) {
    this.#onednn = onednn;
  }

  rowMajor(form: TensorForm): Layout {
    const known = this.#like(form);
    const rowMajor = known.find(({ text }) => text === 'row-major');
    if (rowMajor !== undefined) return rowMajor;
    const descriptor = this.strided(form, stridesOf(form.dims));
    return this.#add(form, 'row-major', descriptor);
  }

  /** Returns the layout of a memory descriptor that oneDNN chose for a tensor.
   * @param likely a layout with the tensor's dims and type, which is compared first */
  of(descriptor: Handle, likely: Layout): Layout {
    const same = (known: Layout) => this.#onednn.sameLayout(known.descriptor, descriptor);
    if (same(likely)) return likely;
    const known = this.#like(likely).find((layout) => layout !== likely && same(layout));
    return known ?? this.#add(likely, `layout ${++this.#numbered}`, descriptor);
  }

  /** Describes a tensor, or a part of one, by its strides in elements. */
  strided({ dims, type }: TensorForm, strides: Shape): Handle {
    return this.#onednn.tensor(dims, type, strides);
  }

  /** Describes a tensor [N, C, H, W] in the order [N, H, W, C]. */
  describeChannelsLast(form: TensorForm): Handle {
    const [, c = 1, ...map] = form.dims;
    const [byImage = 1, ...along] = stridesOf([...form.dims.slice(0, 1), ...map, c]).slice(0, -1);
    return this.strided(form, [byImage, 1, ...along]);
  }

  /** Returns the layout of a tensor [N, C, H, W] in the order [N, H, W, C]. */
  channelsLast(form: TensorForm): Layout {
    return this.of(this.describeChannelsLast(form), this.rowMajor(form));
  }

  /** Whether a layout of a tensor [N, C, H, W] has the order [N, H, W, C]. */
  isChannelsLast(layout: Layout): boolean {
    return this.#onednn.sameLayout(layout.descriptor, this.describeChannelsLast(layout));
  }

  /** Describes all elements of a layout as a vector, including padding, in the order in which they are in memory. */
  vector({ bytes, type }: Layout): Handle {
    return this.rowMajor({ dims: [bytes / elementSize[type]], type }).descriptor;
  }

  /** Makes a descriptor that leaves the choice of the layout to the primitive. */
  any({ dims, type }: TensorForm): Handle {
    return this.#onednn.tensor(dims, type, 'any');
  }

  #like({ dims, type }: TensorForm): Layout[] {
    const key = `${type} ${dims.join()}`;
    const known = this.#layouts.get(key) ?? [];
    this.#layouts.set(key, known);
    return known;
  }

  #add(form: TensorForm, text: string, descriptor: Handle): Layout {
    const { dims, type } = form;
    const layout = { text, dims, type, bytes: this.#onednn.byteSize(descriptor), descriptor };
    this.#like(form).push(layout);
    return layout;
  }
}
