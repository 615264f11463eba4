/** An image to draw on. */
import { type Color, colorAt, type Picture } from './picture.ts';

export class Canvas {
  readonly picture: Picture;

  constructor(width: number, height: number, background: Color) {
    this.picture = { width, height, channels: 3, data: new Uint8Array(width * height * 3) };
    this.fill({ x: 0, y: 0, width, height }, background);
  }

  /** Fills a rectangle, which must be inside the canvas. */
  fill({ x, y, width, height }: Rectangle, [red, green, blue]: Color): void {
    const { data, width: stride } = this.picture;
    for (let row = y; row < y + height; row++) {
      const start = (row * stride + x) * 3;
      for (let at = start; at < start + width * 3; at += 3) {
        data[at] = red;
        data[at + 1] = green;
        data[at + 2] = blue;
      }
    }
  }

  /** Draws an image with its upper left corner at (x, y), each of its pixels as a square of `scale` × `scale` pixels. */
  paste(picture: Picture, x: number, y: number, scale: number): void {
    const { data, width: stride } = this.picture;
    const line = new Uint8Array(picture.width * scale * 3);
    for (let row = 0; row < picture.height; row++) {
      for (let column = 0; column < picture.width; column++) {
        const color = colorAt(picture, column, row);
        for (let at = column * scale * 3; at < (column + 1) * scale * 3; at += 3) line.set(color, at);
      }
      for (let repeat = 0; repeat < scale; repeat++)
        data.set(line, ((y + row * scale + repeat) * stride + x) * 3);
    }
  }
}

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}
